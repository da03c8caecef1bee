//! The Autobahn testsuite. It is written in Python 2, which no supported Debian has: it runs on
//! PyPy 2.7 of Debian 11, unpacked into the build folder beside what it needs from PyPI. Nothing of
//! it is compiled, and nothing is installed outside of the folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian::mirror;
use super::{INSTALL, install, need};
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

const RELEASE: &str = "bullseye";
/// `libffi7` is what that PyPy is linked with; later releases have `libffi8`.
const DEBIAN: &[&str] = &["pypy", "pypy-lib", "libffi7"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// What has wheels for Python 2.7. The suite ended with these versions of what it is built on.
const WHEELS: &[&str] = &[
    "attrs==21.4.0",
    "autobahntestsuite==25.10.1",
    "Automat==20.2.0",
    "constantly==15.1.0",
    "hyperlink==21.0.0",
    "idna==2.10",
    "incremental==21.3.0",
    "Jinja2==2.11.3",
    "MarkupSafe==1.1.1",
    "PyHamcrest==1.9.0",
    "setuptools==44.1.1",
    "six==1.17.0",
    "Twisted==20.3.0",
    "typing==3.10.0.0",
    "zope.interface==5.4.0",
];
/// What has none: archives that are unpacked and no more.
const ARCHIVES: &[(&str, &str)] = &[("autobahn", "0.10.9"), ("txaio", "2.1.0")];
/// What pip reads the names of those archives with.
const SETUPTOOLS: &str = "setuptools==80.9.0";

/// Starts the suite, or lists its cases. TLS is left out: it would need a compiler. Where the suite
/// gives up on a peer after half a second or a second, it waits for ten: a machine that does much
/// else is no fault of the peer's.
const LAUNCH: &str = r"import sys, types, twisted.internet
ssl = types.ModuleType('twisted.internet.ssl')
ssl.ClientContextFactory = lambda *arguments, **options: None
sys.modules['twisted.internet.ssl'] = twisted.internet.ssl = ssl
if sys.argv[1:] == ['cases']:
    from autobahntestsuite.case import Cases, CaseBasename
    for case in Cases:
        print(case.__name__[len(CaseBasename):].replace('_', '.'))
else:
    from autobahntestsuite.fuzzing import FuzzingProtocol
    def patient(wait):
        return lambda self, seconds: wait(self, max(seconds, 10))
    FuzzingProtocol.killAfter = patient(FuzzingProtocol.killAfter)
    FuzzingProtocol.closeAfter = patient(FuzzingProtocol.closeAfter)
    from autobahntestsuite.wstest import run
    run()
";

/// The installed suite.
#[derive(Debug)]
pub(crate) struct Autobahn {
    folder: PathBuf,
}

/// The suite, installed where this machine can do that.
pub(crate) fn autobahn(workspace: &Workspace, console: Console) -> Result<Autobahn, Stopped> {
    let tools = workspace.target.join("tools");
    let suite = Autobahn { folder: tools.join("autobahn") };
    let marker = suite.folder.join("installed");
    let wanted = wanted();
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(suite);
    }
    need("python3")?;
    need("dpkg")?;
    // Not in the folder that is made anew: the release will leave the mirrors one day.
    let packages = tools.join("autobahn-debs");
    download(workspace, console, &packages)?;
    if suite.folder.exists() {
        std::fs::remove_dir_all(&suite.folder)?;
    }
    std::fs::create_dir_all(suite.root())?;
    for (_, package) in found(&packages) {
        let mut dpkg = workspace.command("dpkg");
        dpkg.arg("--extract").arg(package).arg(suite.root());
        install(console, dpkg)?;
    }
    suite.install(workspace, console)?;
    std::fs::write(suite.launcher(), LAUNCH)?;
    let cases = console.must(suite.command(workspace, &["cases"]), INSTALL);
    let cases = cases
        .map_err(|error| Stopped::Missing(format!("the Autobahn suite does not run: {error:#}")))?;
    std::fs::write(suite.folder.join("cases"), cases.join("\n"))?;
    std::fs::write(marker, wanted)?;
    Ok(suite)
}

impl Autobahn {
    /// The suite's program `wstest` with these arguments.
    pub(crate) fn command(&self, workspace: &Workspace, arguments: &[&str]) -> Command {
        let libraries = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        let mut command = workspace.command(self.root().join("usr/bin/pypy"));
        command.args(["-W", "ignore"]).arg(self.launcher()).args(arguments);
        command.env("LD_LIBRARY_PATH", self.root().join(libraries));
        command.env("PYTHONPATH", self.site()).env("PYTHONNOUSERSITE", "1");
        command
    }

    /// The numbers of all cases, in the suite's order.
    pub(crate) fn cases(&self) -> Result<Vec<String>, Stopped> {
        let cases = std::fs::read_to_string(self.folder.join("cases"))?;
        Ok(cases.lines().map(str::to_owned).collect())
    }

    fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    fn site(&self) -> PathBuf {
        self.folder.join("site")
    }

    fn launcher(&self) -> PathBuf {
        self.folder.join("launch.py")
    }

    /// Brings the suite and what it imports into one folder.
    fn install(&self, workspace: &Workspace, console: Console) -> Result<(), Stopped> {
        let site = self.site();
        let (venv, archives) = (self.folder.join("venv"), self.folder.join("archives"));
        let mut make = workspace.command("python3");
        make.args(["-m", "venv"]).arg(&venv);
        install(console, make)?;
        let pip = |arguments: &[&str]| {
            let mut pip = workspace.command(venv.join("bin/python"));
            pip.args(["-m", "pip", "--quiet", "--disable-pip-version-check"]).args(arguments);
            pip
        };
        install(console, pip(&["install", SETUPTOOLS]))?;
        // The wheels of any processor do: what is compiled in them is removed below.
        let mut wheels = pip(&["install", "--no-deps", "--no-compile", "--only-binary=:all:"]);
        wheels.args(["--ignore-requires-python", "--python-version=27", "--implementation=cp"]);
        wheels.args(["--abi=cp27mu", "--platform=manylinux2010_x86_64"]);
        wheels.args(["--platform=manylinux1_x86_64", "--target"]).arg(&site).args(WHEELS);
        install(console, wheels)?;

        let mut download = pip(&["download", "--no-deps", "--no-binary=:all:"]);
        download.args(["--no-build-isolation", "--dest"]).arg(&archives);
        download.args(ARCHIVES.iter().map(|(name, version)| format!("{name}=={version}")));
        install(console, download)?;
        for (name, version) in ARCHIVES {
            let mut tar = workspace.command("tar");
            tar.arg("-xzf").arg(archives.join(format!("{name}-{version}.tar.gz")));
            tar.arg("-C").arg(&site).args(["--strip-components=1"]);
            tar.arg(format!("{name}-{version}/{name}"));
            install(console, tar)?;
        }
        for folder in [venv, archives] {
            std::fs::remove_dir_all(folder)?;
        }
        remove_compiled(&site)?;
        // A namespace, which an installed package would get from a `.pth` file.
        std::fs::write(site.join("zope/__init__.py"), "")?;
        std::fs::write(site.join("unittest2.py"), "from unittest import *\n")?;
        Ok(())
    }
}

/// What the folder was made from.
fn wanted() -> String {
    let archives = ARCHIVES.iter().map(|(name, version)| format!("{name}=={version}"));
    let words = [RELEASE].iter().chain(DEBIAN).chain(WHEELS).map(|&word| word.to_owned());
    words.chain(archives).chain([LAUNCH.to_owned()]).collect::<Vec<_>>().join("\n")
}

/// The packages of Debian in a folder, by name.
fn found(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let paths =
        folder.read_dir().into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let paths: Vec<PathBuf> = paths.collect();
    let named = |name: &&str| {
        let path = paths.iter().find(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            file.starts_with(&format!("{name}_")) && file.ends_with(".deb")
        });
        path.cloned()
    };
    DEBIAN.iter().filter_map(|name| Some((*name, named(name)?))).collect()
}

/// Downloads what is not in `folder` yet, with lists of its own: this machine's are of another
/// release.
fn download(workspace: &Workspace, console: Console, folder: &Path) -> Result<(), Stopped> {
    if found(folder).len() == DEBIAN.len() {
        return Ok(());
    }
    need("apt-get")?;
    let apt = folder.join("apt");
    for part in ["lists/partial", "cache/archives/partial"] {
        std::fs::create_dir_all(apt.join(part))?;
    }
    let (mirror, sources) = (mirror(), apt.join("sources.list"));
    std::fs::write(&sources, format!("deb [signed-by={KEYRING}] {mirror} {RELEASE} main\n"))?;
    let get = |arguments: &[&str]| {
        let mut get = workspace.command("apt-get");
        get.arg("-qq").current_dir(folder);
        for (option, path) in [
            ("Dir::State::lists", apt.join("lists")),
            ("Dir::Cache", apt.join("cache")),
            ("Dir::Etc::sourcelist", sources.clone()),
            ("Dir::Etc::sourceparts", PathBuf::from("-")),
        ] {
            get.arg("-o").arg(format!("{option}={}", path.display()));
        }
        // A release that gets no updates is not dated anew; the user `_apt` may not write here.
        for option in ["Acquire::Check-Valid-Until=false", "APT::Sandbox::User=root"] {
            get.args(["-o", option]);
        }
        get.args(["-o", "Acquire::Languages=none"]).args(arguments);
        get
    };
    let packages: Vec<String> = DEBIAN.iter().map(|name| format!("{name}/{RELEASE}")).collect();
    let mut arguments = vec!["download"];
    arguments.extend(packages.iter().map(String::as_str));
    let done = install(console, get(&["update"])).and_then(|()| install(console, get(&arguments)));
    if let Err(Stopped::Missing(why)) = done {
        let (packages, folder) = (DEBIAN.join(", "), folder.display());
        return Err(Stopped::Missing(format!(
            "{mirror} gives no {packages} of Debian {RELEASE}; where it has left the mirror, put \
             the three .deb files into {folder}\n{why}"
        )));
    }
    done?;
    std::fs::remove_dir_all(apt)?;
    Ok(())
}

/// Removes the speed-ups for another Python, which PyPy does not need.
fn remove_compiled(folder: &Path) -> std::io::Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            remove_compiled(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "so") {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}
