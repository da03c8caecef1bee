//! An agent that tells stories: answers that grow word by word, and how far each has come.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pamlink_tokio::{Reply, Request};

/// How a request for a story begins.
const ASKED: &str = "story";

/// All stories, by the text of the request for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Stories {
    all: Arc<Mutex<HashMap<String, Story>>>,
    is_aloud: bool,
}

/// One story, as far as it has come.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    /// How often it was begun.
    pub(super) begun: u32,
    /// When each word was said.
    pub(super) said: Vec<Instant>,
    /// When its agent left it: it was told, or stopped.
    pub(super) left: Option<Instant>,
}

/// What to ask for a story of so many words, one every `pause`. The name tells it from others.
pub(super) fn request(words: usize, pause: Duration, name: &str) -> String {
    format!("{ASKED} {words} {} {name}", pause.as_millis())
}

/// Whether a request is one for a story.
pub(super) fn is_request(text: &str) -> bool {
    text.starts_with(ASKED)
}

/// What a story of so many words says.
pub(super) fn text(words: usize) -> String {
    (0..words).map(word).collect()
}

fn word(number: usize) -> String {
    format!("w{number} ")
}

/// The numbers of the whole words at the beginning of `text`, and how many bytes they are.
pub(super) fn numbers(text: &str) -> (Vec<usize>, usize) {
    let whole = text.rfind(' ').map_or(0, |blank| blank + 1);
    let words = text[..whole].split_whitespace();
    (words.filter_map(|word| word.strip_prefix('w')?.parse().ok()).collect(), whole)
}

impl Stories {
    /// Those that also say each note on standard output, where who [hears](Self::hear) them has them
    /// still when this process is killed.
    pub(super) fn aloud() -> Self {
        Self { is_aloud: true, ..Self::default() }
    }

    /// Answers a request for a story; none: it is for something else.
    pub(super) async fn tell(&self, request: &Request) -> Option<Reply> {
        let asked = request.text().into_owned();
        let mut parts = asked.strip_prefix(ASKED)?.split_whitespace();
        let words = parts.next()?.parse().ok()?;
        let pause = Duration::from_millis(parts.next()?.parse().ok()?);
        self.note(Note::Begun, &asked);
        // Dropped when the story is over, and when its request is cancelled.
        let _leaving = Leaving { stories: self, asked: &asked };
        for number in 0..words {
            self.note(Note::Said(SystemTime::now()), &asked);
            // Whether it has gone out does not matter here: what it adds up to is the answer.
            let _ = request.piece(&word(number));
            tokio::time::sleep(pause).await;
        }
        Some(text(words).into())
    }

    /// How far the story of a request has come.
    pub(super) fn of(&self, asked: &str) -> Story {
        self.with(asked, |story| story.clone())
    }

    /// How many have so many words and are not over, of which all have `words`.
    pub(super) fn under_way(&self, least: usize, words: usize) -> usize {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().filter(|story| (least..words).contains(&story.said.len())).count()
    }

    /// Takes note of a line that stories in another process have said aloud.
    pub(super) fn hear(&self, line: &str) {
        // One that was killed may have left half a line.
        if let Some((note, asked)) = Note::read(line) {
            self.note(note, asked);
        }
    }

    fn note(&self, note: Note, asked: &str) {
        if self.is_aloud {
            // Who started this has gone: then nobody counts what is said.
            let _ = writeln!(std::io::stdout(), "{}", note.line(asked));
        }
        self.with(asked, |story| match note {
            Note::Begun => story.begun += 1,
            Note::Said(at) => story.said.push(instant(at)),
        });
    }

    fn with<T>(&self, asked: &str, look: impl FnOnce(&mut Story) -> T) -> T {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        look(all.entry(asked.to_owned()).or_default())
    }
}

/// What is noted of a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Note {
    Begun,
    /// Its next word, at this time: one that other processes of the machine read as well.
    Said(SystemTime),
}

impl Note {
    fn line(self, asked: &str) -> String {
        match self {
            Self::Begun => format!("begun\t{asked}"),
            Self::Said(at) => {
                let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
                format!("said\t{}\t{asked}", at.as_nanos())
            }
        }
    }

    fn read(line: &str) -> Option<(Self, &str)> {
        if let Some(asked) = line.strip_prefix("begun\t") {
            return Some((Self::Begun, asked));
        }
        let (at, asked) = line.strip_prefix("said\t")?.split_once('\t')?;
        let at = Duration::from_nanos(at.parse().ok()?);
        Some((Self::Said(UNIX_EPOCH + at), asked))
    }
}

/// A time as this process has it.
fn instant(at: SystemTime) -> Instant {
    let (now, ago) = (Instant::now(), at.elapsed().unwrap_or_default());
    now.checked_sub(ago).unwrap_or(now)
}

struct Leaving<'a> {
    stories: &'a Stories,
    asked: &'a str,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.stories.with(self.asked, |story| story.left = Some(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_distinguished_by_their_numbers() {
        assert_eq!(text(3), "w0 w1 w2 ");
        assert_eq!(numbers(&text(3)), (vec![0, 1, 2], 9));
        assert_eq!(numbers("w10 w1"), (vec![10], 4));
        assert_eq!(numbers("w"), (vec![], 0));
    }

    #[test]
    fn what_is_said_aloud_is_heard() {
        let at = SystemTime::now() - Duration::from_secs(2);
        let heard = Stories::default();
        for note in [Note::Begun, Note::Said(at), Note::Said(at)] {
            let line = note.line("story 2 1 a");
            assert_eq!(Note::read(&line), Some((note, "story 2 1 a")));
            heard.hear(&line);
        }
        for broken in ["", "listening on http://127.0.0.1:1", "said\t17", "said\tx\tstory 2 1 a"] {
            heard.hear(broken);
        }
        let story = heard.of("story 2 1 a");
        assert_eq!((story.begun, story.said.len()), (1, 2));
        let ago = story.said[0].elapsed().as_millis();
        assert!((2_000..4_000).contains(&ago), "{ago} ms ago");
        assert_eq!(
            (heard.under_way(2, 3), heard.under_way(2, 2), heard.under_way(3, 4)),
            (1, 0, 0)
        );
    }
}
