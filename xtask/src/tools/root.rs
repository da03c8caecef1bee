//! Debians of another release in the build folder: what they have, this machine's release has not,
//! and it needs their C library. Only root can make and enter one.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use super::debian::{apt, is_root, mirror};
use super::{INSTALL, install, need};
use crate::check::Stopped;
use crate::command::{Console, has_program};
use crate::workspace::Workspace;

const RELEASE: &str = "trixie";
/// Where a command that runs in a root finds the workspace, its build folder, and what cargo has
/// downloaded.
pub(crate) const SOURCE: &str = "/src";
pub(crate) const TARGET: &str = "/target";
const REGISTRY: &str = "/root/.cargo/registry";

/// What stands in the way of a command that runs in a root: mounts that nobody else sees and that
/// end with the command, so that the folder can be removed at any time. The network is the
/// machine's.
const ENTER: &str = r#"
set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1/src"
mount --bind "$3" "$1/target"
if [ -d "$4" ]; then
    # A root that an earlier version made has no such folder.
    mkdir -p "$1/root/.cargo/registry"
    mount --bind "$4" "$1/root/.cargo/registry"
fi
root=$1; shift 4
exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/bin:/bin "$@"
"#;

/// What a root is made of.
pub(super) struct Contents {
    /// The folder in that of the tools.
    pub(super) name: &'static str,
    /// Packages of Debian, separated by commas.
    pub(super) packages: &'static str,
    /// Whether packages may come from the backports (`NAME/trixie-backports`).
    pub(super) backports: bool,
    /// What is not unpacked.
    pub(super) unused: &'static [&'static str],
    /// What runs once it is installed.
    pub(super) works: &'static [&'static str],
}

/// A root that is installed.
#[derive(Debug)]
pub(crate) struct Root {
    folder: PathBuf,
}

impl Root {
    /// The root of these contents, installed where this process may do that.
    pub(super) fn make(
        workspace: &Workspace,
        console: Console,
        contents: &Contents,
    ) -> Result<Self, Stopped> {
        let Contents { name, packages, backports, unused, works } = contents;
        let tools = workspace.target.join("tools");
        let root = Self { folder: tools.join(name) };
        // Beside the root and written last: what has no such file was not finished.
        let marker = tools.join(format!("{name}.installed"));
        let wanted = format!("{RELEASE} {packages}");
        if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
            return Ok(root);
        }
        if !is_root() {
            let why = format!("{name} is installed into a root, which root can");
            return Err(Stopped::Missing(why));
        }
        need("unshare")?;
        if !has_program("mmdebstrap") {
            apt(workspace, console, &["mmdebstrap"])?;
        }
        std::fs::create_dir_all(&tools)?;
        let _was_none = std::fs::remove_file(&marker);
        if root.folder.exists() {
            std::fs::remove_dir_all(&root.folder)?;
        }
        let mut mmdebstrap = workspace.command("mmdebstrap");
        mmdebstrap.args(["--variant=apt", "--aptopt=Acquire::Languages \"none\""]);
        mmdebstrap.args(unused.iter().map(|path| format!("--dpkgopt=path-exclude={path}")));
        mmdebstrap.arg(format!("--include={packages}")).arg(RELEASE).arg(&root.folder);
        let mirror = mirror();
        mmdebstrap.arg(format!("deb {mirror} {RELEASE} main"));
        if *backports {
            mmdebstrap.arg(format!("deb {mirror} {RELEASE}-backports main"));
        }
        install(console, mmdebstrap)?;
        for mount in [SOURCE, TARGET, REGISTRY] {
            std::fs::create_dir_all(root.folder.join(&mount[1..]))?;
        }
        let version = console.must(root.run(workspace, *works), INSTALL);
        version.map_err(|error| Stopped::Missing(format!("{name} does not run: {error:#}")))?;
        std::fs::write(marker, wanted)?;
        Ok(root)
    }

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
        command.arg(&self.folder).arg(&workspace.root).arg(&workspace.target).arg(registry());
        command.args(words);
        command
    }
}

/// Where this machine's cargo keeps what it has downloaded.
fn registry() -> PathBuf {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    home.unwrap_or_default().join("registry")
}
