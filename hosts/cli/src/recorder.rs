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
    #[cfg(unix)]
    keep_private(&file).map_err(|error| Fault::file(path, error))?;
    Ok(Recorder::new(file))
}

/// A file that was there already may be one that others read. What is none, such as a pipe, stays.
#[cfg(unix)]
fn keep_private(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    if !file.metadata()?.is_file() {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}
