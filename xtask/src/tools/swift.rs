//! Swift: a Debian 13 of its own in the build folder, because Debian 12 has no Swift and the one of
//! Debian 13 needs that release's C library.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use super::debian::{apt, is_root, mirror};
use super::{install, need};
use crate::check::Stopped;
use crate::command::{Console, has_program};
use crate::workspace::Workspace;

const RELEASE: &str = "trixie";
const PACKAGES: &str = "swiftlang,libstdc++-14-dev,libc6-dev";
/// What is left out: it would be a sixth of the whole.
const UNUSED: &[&str] =
    &["/usr/share/doc/*", "/usr/share/locale/*", "/usr/libexec/swift/bin/lldb*"];

/// Where a command that runs in the root finds the workspace, and its build folder.
pub(crate) const SOURCE: &str = "/src";
pub(crate) const TARGET: &str = "/target";

/// What stands in the way of a command that runs in the root: mounts that nobody else sees and
/// that end with the command, so that the folder can be removed at any time. The network is the
/// machine's.
const ENTER: &str = r#"
set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1/src"
mount --bind "$3" "$1/target"
root=$1; shift 3
exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/bin:/bin "$@"
"#;

/// The root that has Swift.
#[derive(Debug)]
pub(crate) struct Swift {
    root: PathBuf,
}

/// The root that has Swift, installed where this process may do that.
pub(crate) fn swift(workspace: &Workspace, console: Console) -> Result<Swift, Stopped> {
    let tools = workspace.target.join("tools");
    let swift = Swift { root: tools.join("swift") };
    // Beside the root and written last: what has no such file was not finished.
    let marker = tools.join("swift.installed");
    let wanted = format!("{RELEASE} {PACKAGES}");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(swift);
    }
    if !is_root() {
        return Err(Stopped::Missing("Swift is installed into a root, which root can".to_owned()));
    }
    need("unshare")?;
    if !has_program("mmdebstrap") {
        apt(workspace, console, &["mmdebstrap"])?;
    }
    std::fs::create_dir_all(&tools)?;
    let _was_none = std::fs::remove_file(&marker);
    if swift.root.exists() {
        std::fs::remove_dir_all(&swift.root)?;
    }
    let mut mmdebstrap = workspace.command("mmdebstrap");
    mmdebstrap.args(["--variant=apt", "--aptopt=Acquire::Languages \"none\""]);
    mmdebstrap.args(UNUSED.iter().map(|path| format!("--dpkgopt=path-exclude={path}")));
    mmdebstrap.arg(format!("--include={PACKAGES}")).arg(RELEASE).arg(&swift.root).arg(mirror());
    install(console, mmdebstrap)?;
    for mount in [SOURCE, TARGET] {
        std::fs::create_dir_all(swift.root.join(&mount[1..]))?;
    }
    let version = console.must(swift.run(workspace, ["swift", "--version"]), super::INSTALL);
    version.map_err(|error| Stopped::Missing(format!("Swift does not run: {error:#}")))?;
    std::fs::write(marker, wanted)?;
    Ok(swift)
}

impl Swift {
    /// A command that runs in the root. It starts in no folder of the workspace, has no variables
    /// but those among its words (`NAME=value`, before the program), and reaches what listens on
    /// this machine.
    pub(crate) fn run<I>(&self, workspace: &Workspace, words: I) -> Command
    where
        I: IntoIterator,
        I::Item: AsRef<OsStr>,
    {
        let mut command = workspace.command("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", ENTER, "sh"]);
        command.arg(&self.root).arg(&workspace.root).arg(&workspace.target).args(words);
        command
    }
}
