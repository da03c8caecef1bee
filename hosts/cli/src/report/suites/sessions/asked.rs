//! A request whose answer is read as it grows, and what came of it.

use std::time::Instant;

use pamlink_tokio::{AnswerStream, RequestError};

use crate::report::suites::stories;

/// What came of a request, as far as it has come.
pub(super) struct Asked {
    pub(super) text: String,
    began: Instant,
    /// How long it took, in milliseconds.
    pub(super) took: f64,
    /// The number and the time of each word that came.
    pub(super) words: Vec<(usize, Instant)>,
    /// What it was answered with, or how it ended; none: nothing was said of it.
    pub(super) answer: Option<Result<String, RequestError>>,
}

impl Asked {
    /// Of this text, from now on.
    pub(super) fn now(text: String) -> Self {
        Self { text, began: Instant::now(), took: 0.0, words: Vec::new(), answer: None }
    }

    /// Follows the answer to its end, or until a `silence` is over that begins anew behind each piece.
    pub(super) async fn follow<S: Future<Output = ()>>(
        &mut self,
        mut answer: AnswerStream,
        silence: impl Fn() -> S,
    ) {
        let mut rest = String::new();
        loop {
            let next = tokio::select! {
                next = answer.next_piece() => next,
                () = silence() => return,
            };
            let Ok(Some(piece)) = next else { break };
            if piece.restart {
                rest.clear();
            }
            rest.push_str(&piece.text);
            let (numbers, whole) = stories::numbers(&rest);
            self.words.extend(numbers.into_iter().map(|number| (number, Instant::now())));
            rest.drain(..whole);
        }
        self.answer = Some(answer.answer().await.map(|answer| answer.text().into_owned()));
        self.took = ms(self.began, Instant::now());
    }

    /// The numbers of the words, as they came.
    pub(super) fn numbers(&self) -> Vec<usize> {
        self.words.iter().map(|(number, _)| *number).collect()
    }
}

/// From one time to another, in milliseconds.
pub(super) fn ms(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64() * 1e3
}
