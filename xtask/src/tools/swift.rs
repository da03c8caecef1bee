//! Swift: a Debian 13 of its own in the build folder, because Debian 12 has no Swift.

use super::root::{Contents, Root};
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

const SWIFT: Contents = Contents {
    name: "swift",
    packages: "swiftlang,libstdc++-14-dev,libc6-dev",
    backports: false,
    // It would be a sixth of the whole.
    unused: &["/usr/share/doc/*", "/usr/share/locale/*", "/usr/libexec/swift/bin/lldb*"],
    works: &["swift", "--version"],
};

/// The root that has Swift, installed where this process may do that.
pub(crate) fn swift(workspace: &Workspace, console: Console) -> Result<Root, Stopped> {
    Root::make(workspace, console, &SWIFT)
}
