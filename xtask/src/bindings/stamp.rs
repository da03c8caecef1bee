//! Whether the inputs of a step are those that it was last done with.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

/// What a step was done with: the names and contents of its inputs, not their times, which a
/// checkout changes.
#[derive(Debug)]
pub(crate) struct Stamp {
    file: PathBuf,
    inputs: DefaultHasher,
}

impl Stamp {
    /// The stamp of a step, kept in `file`.
    pub(crate) fn new(file: &Path) -> Self {
        // What a step does is an input, too: this program changes with it.
        let mut inputs = DefaultHasher::new();
        env!("CARGO_PKG_VERSION").hash(&mut inputs);
        Self { file: file.to_owned(), inputs }
    }

    /// Adds a word that the step depends on.
    pub(crate) fn add_word(&mut self, word: &str) {
        word.hash(&mut self.inputs);
    }

    /// Adds a file.
    pub(crate) fn add(&mut self, file: &Path) -> Result<()> {
        let content = std::fs::read(file).with_context(|| format!("no {}", file.display()))?;
        file.hash(&mut self.inputs);
        content.hash(&mut self.inputs);
        Ok(())
    }

    /// Adds the files of the workspace that are, or lie below, these paths relative to its root.
    pub(crate) fn add_all(&mut self, workspace: &Workspace, paths: &[&str]) -> Result<()> {
        for file in workspace.files()? {
            if paths.iter().any(|path| file.starts_with(path)) {
                self.add(&workspace.root.join(file))?;
            }
        }
        Ok(())
    }

    /// Whether the step was last done with these inputs.
    pub(crate) fn is_fresh(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|last| last == self.text())
    }

    /// Keeps the inputs, once the step is done.
    pub(crate) fn write(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(std::fs::write(&self.file, self.text())?)
    }

    fn text(&self) -> String {
        format!("{:016x}\n", self.inputs.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_fresh_until_an_input_changes() {
        let folder = std::env::temp_dir().join(format!("stamp-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let input = folder.join("input");
        let stamp = || {
            let mut stamp = Stamp::new(&folder.join("stamp"));
            stamp.add(&input).unwrap();
            stamp
        };
        std::fs::write(&input, "a").unwrap();
        assert!(!stamp().is_fresh());
        stamp().write().unwrap();
        assert!(stamp().is_fresh());
        std::fs::write(&input, "b").unwrap();
        assert!(!stamp().is_fresh());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
