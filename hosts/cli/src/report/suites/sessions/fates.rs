//! What became of the stories of a crowd, as it is seen from outside: by who asked for them, and by the
//! agents that told them.

use std::collections::BTreeMap;
use std::time::Instant;

use pamlink_tokio::RequestError;

use super::account::Kind;
use super::asked::{Asked, ms};
use crate::report::suites::stories::{Stories, Story, text};

/// What became of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fates {
    /// Requests that were made.
    pub(super) asked: usize,
    /// Those whose answer came whole.
    pub(super) whole: usize,
    /// Those that were said to be lost, by how.
    pub(super) said: BTreeMap<String, usize>,
    /// Those of which nothing was said, or that their answer was whole while it was not.
    pub(super) silent: usize,
    /// Those that agents have begun more often than once, over all lives of the server.
    pub(super) doubled: usize,
    /// The words of all, in pieces. How late each is since it was said.
    pub(super) words: Kind,
    /// Words that were said of whole answers and came in no piece.
    pub(super) gaps: usize,
}

impl Fates {
    /// Of stories of so many words, and of what each life of the server has noted of them.
    pub(super) fn of(all: &[Asked], words: usize, lives: &[Stories]) -> Self {
        let mut fates = Self::default();
        let whole_text = text(words);
        for asked in all {
            let lives: Vec<_> = lives.iter().map(|stories| stories.of(&asked.text)).collect();
            let lost = fates.words.lost;
            fates.words.count(said(&lives), &asked.numbers());
            fates.words.late.extend(asked.words.iter().filter_map(|word| late(&lives, *word)));
            fates.asked += 1;
            fates.doubled += usize::from(lives.iter().map(|story| story.begun).sum::<u32>() > 1);
            match &asked.answer {
                Some(Ok(answer)) if *answer == whole_text => {
                    fates.whole += 1;
                    fates.gaps += fates.words.lost - lost;
                }
                Some(Err(error)) => *fates.said.entry(name(error)).or_default() += 1,
                Some(Ok(_)) | None => fates.silent += 1,
            }
        }
        fates
    }

    /// All but what became of the words.
    pub(super) fn ends(&self) -> String {
        let said: String =
            self.said.iter().map(|(how, count)| format!("{count} {how}, ")).collect();
        let Self { asked, whole, silent, doubled, .. } = self;
        format!("of {asked}: {whole} whole, {said}{silent} lost in silence, {doubled} begun twice")
    }
}

/// How many words were said of a story.
fn said(lives: &[Story]) -> usize {
    lives.iter().map(|story| story.said.len()).max().unwrap_or_default()
}

/// How late a word came since it was said the last time before that.
fn late(lives: &[Story], (number, came): (usize, Instant)) -> Option<f64> {
    let said = lives.iter().filter_map(|story| story.said.get(number));
    said.filter(|said| **said <= came).max().map(|said| ms(*said, came))
}

/// How a request has ended that has no answer.
fn name(error: &RequestError) -> String {
    match error {
        RequestError::Rejected { code, .. } => format!("refused ({code})"),
        other => format!("{other:?}").to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "story 3 1 a";

    fn heard(words: &[usize], answer: Option<Result<&str, RequestError>>) -> Asked {
        let mut asked = Asked::now(TEXT.to_owned());
        asked.words = words.iter().map(|number| (*number, Instant::now())).collect();
        asked.answer = answer.map(|answer| answer.map(str::to_owned));
        asked
    }

    /// A life of the server that has begun the story, and said so many words.
    fn life(words: usize) -> Stories {
        let stories = Stories::default();
        stories.hear(&format!("begun\t{TEXT}"));
        (0..words).for_each(|_| stories.hear(&format!("said\t1\t{TEXT}")));
        stories
    }

    #[test]
    fn every_way_to_end_is_counted_apart() {
        let whole_text = text(3);
        let whole = Some(Ok(whole_text.as_str()));
        let ends = |asked: Asked, lives: &[Stories]| Fates::of(&[asked], 3, lives).ends();
        let good = ends(heard(&[0, 1, 2], whole.clone()), &[life(3)]);
        assert_eq!(good, "of 1: 1 whole, 0 lost in silence, 0 begun twice");
        let unknown = ends(heard(&[0], Some(Err(RequestError::Unknown))), &[life(2)]);
        assert_eq!(unknown, "of 1: 0 whole, 1 unknown, 0 lost in silence, 0 begun twice");
        for silent in [heard(&[0], None), heard(&[0], Some(Ok("w0 ")))] {
            let silent = ends(silent, &[life(2)]);
            assert_eq!(silent, "of 1: 0 whole, 1 lost in silence, 0 begun twice");
        }
        let twice = ends(heard(&[0, 1, 2], whole), &[life(1), life(3)]);
        assert_eq!(twice, "of 1: 1 whole, 0 lost in silence, 1 begun twice");
    }

    #[test]
    fn what_is_missing_in_a_whole_answer_is_counted_apart() {
        let whole_text = text(3);
        let gap = Fates::of(&[heard(&[0, 2], Some(Ok(&whole_text)))], 3, &[life(3)]);
        assert_eq!((gap.words.lost, gap.gaps), (1, 1));
        let lost = Fates::of(&[heard(&[0], Some(Err(RequestError::Unknown)))], 3, &[life(2)]);
        assert_eq!((lost.words.lost, lost.gaps), (1, 0));
        let twice =
            Fates::of(&[heard(&[0, 1, 0, 1, 2], Some(Ok(&whole_text)))], 3, &[life(2), life(3)]);
        assert_eq!((twice.words.doubled, twice.words.given, twice.words.late.len()), (2, 3, 5));
    }
}
