//! An agent that tells stories: answers that grow word by word, and how far each has come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pamlink_tokio::{Reply, Request};

/// How a request for a story begins.
const ASKED: &str = "story";

/// All stories, by the text of the request for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Stories(Arc<Mutex<HashMap<String, Story>>>);

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
    /// Answers a request for a story; none: it is for something else.
    pub(super) async fn tell(&self, request: &Request) -> Option<Reply> {
        let asked = request.text().into_owned();
        let mut parts = asked.strip_prefix(ASKED)?.split_whitespace();
        let words = parts.next()?.parse().ok()?;
        let pause = Duration::from_millis(parts.next()?.parse().ok()?);
        self.with(&asked, |story| story.begun += 1);
        // Dropped when the story is over, and when its request is cancelled.
        let _leaving = Leaving { stories: self, asked: &asked };
        for number in 0..words {
            self.with(&asked, |story| story.said.push(Instant::now()));
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

    fn with<T>(&self, asked: &str, look: impl FnOnce(&mut Story) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        look(all.entry(asked.to_owned()).or_default())
    }
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
}
