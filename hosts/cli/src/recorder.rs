//! The file of `--record`.

use std::fs::File;
use std::path::Path;

use pamlink_tokio::recording::Recorder;

use crate::fault::Fault;

/// A file that nobody else reads, where files know of others.
///
/// # Errors
///
/// It cannot be written.
pub(crate) fn recorder(path: &Path) -> Result<Recorder, Fault> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| Fault::file(path, error))?;
    Ok(Recorder::new(file))
}
