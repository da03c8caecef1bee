//! Transcripts as files. Their README says what the members mean.

use std::path::Path;

use serde_json::Value;

pub(crate) struct Transcript {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

pub(crate) struct Step {
    pub(crate) by_client: bool,
    pub(crate) text: String,
    pub(crate) expect: Option<Value>,
    pub(crate) reads: Option<String>,
}

impl Transcript {
    /// All of them; there are some.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/transcripts");
        let files = std::fs::read_dir(folder).expect("the transcripts are there");
        let mut all = Vec::new();
        for file in files {
            let path = file.expect("a transcript").path();
            if path.extension().is_some_and(|extension| extension == "json") {
                all.push(Self::read(&path));
            }
        }
        assert!(all.len() >= 10, "{} transcripts", all.len());
        all
    }

    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("a transcript is text");
        let file: Value = serde_json::from_str(&text).expect("a transcript is JSON");
        let text = |step: &Value, name: &str| step[name].as_str().map(str::to_owned);
        let step = |step: &Value| Step {
            by_client: step["from"] == "client",
            text: text(step, "text").expect("a step has a text"),
            expect: step.get("expect").cloned(),
            reads: text(step, "reads"),
        };
        Self {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            steps: file["steps"].as_array().expect("steps").iter().map(step).collect(),
        }
    }
}

impl Step {
    /// The request, if the step is a chat of a client.
    pub(crate) fn request(&self) -> Option<String> {
        let frame: Value = serde_json::from_str(&self.text).ok()?;
        let is_chat = self.by_client && frame["type"] == "chat";
        let text = frame["message"].as_str().or_else(|| frame["content"].as_str());
        text.filter(|_| is_chat).map(str::to_owned)
    }
}

/// In what a frame differs from what is expected of it.
pub(crate) fn difference(text: &str, expect: &Value) -> Option<String> {
    let frame: Value = serde_json::from_str(text).expect("a frame is JSON");
    let members = expect.as_object().expect("what is expected is an object");
    let unlike = members.iter().find(|(name, wanted)| !holds(&frame, name, wanted))?;
    Some(format!("{} is {}, not {}, in {text}", unlike.0, frame[unlike.0], unlike.1))
}

fn holds(frame: &Value, name: &str, wanted: &Value) -> bool {
    let Some(found) = frame.get(name) else { return wanted == "$absent" };
    match wanted.as_str() {
        Some("$absent") => false,
        Some("$array") => found.is_array(),
        Some("$boolean") => found.is_boolean(),
        Some("$number") => found.is_number(),
        Some("$object") => found.is_object(),
        Some("$string") => found.is_string(),
        Some(text) => match text.strip_prefix("$same:") {
            Some(other) => frame.get(other) == Some(found),
            None => found == wanted,
        },
        None => found == wanted,
    }
}
