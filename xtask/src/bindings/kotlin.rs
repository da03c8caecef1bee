//! The Kotlin package: a jar, and a jar of its tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::stamp::Stamp;
use super::{BUILD, Bindings, files};
use crate::check::Stopped;
use crate::command::Console;
use crate::tools::{self, Kotlin, class_path};
use crate::workspace::Workspace;

/// The folder of the package.
pub(crate) const FOLDER: &str = "bindings/kotlin";

/// What is compiled.
#[derive(Debug)]
pub(crate) struct Compiled {
    tools: Kotlin,
    library: PathBuf,
    /// The package, generated code and all, without the library.
    pub(crate) package: PathBuf,
    folder: PathBuf,
}

/// Compiles the package.
pub(crate) fn compile(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<Compiled, Stopped> {
    let tools = tools::kotlin(workspace, console)?;
    let folder = bindings.folder.join("jars");
    std::fs::create_dir_all(&folder)?;
    let library = bindings.library.clone();
    let compiled = Compiled { tools, library, package: folder.join("pamlink.jar"), folder };
    let mut sources = files(&bindings.generated("kotlin"), "kt")?;
    sources.extend(files(&workspace.root.join(FOLDER).join("src/main/kotlin"), "kt")?);
    let jars = compiled.tools.everything();
    compiled.jar(workspace, console, &sources, &jars, &compiled.package)?;
    Ok(compiled)
}

impl Compiled {
    /// Compiles some sources and those in some folders, which may name what is internal to the
    /// package; the jar.
    pub(crate) fn beside(
        &self,
        workspace: &Workspace,
        console: Console,
        name: &str,
        paths: &[&Path],
    ) -> Result<PathBuf, Stopped> {
        let jar = self.folder.join(format!("{name}.jar"));
        let mut jars = self.tools.everything();
        jars.insert(0, self.package.clone());
        let mut sources = Vec::new();
        for path in paths {
            if path.is_file() {
                sources.push(path.to_path_buf());
            } else {
                sources.extend(files(path, "kt")?);
            }
        }
        self.jar(workspace, console, &sources, &jars, &jar)?;
        Ok(jar)
    }

    /// A command of the JVM with the package, its library, and `jar`; less what it is to run.
    pub(crate) fn java(&self, workspace: &Workspace, jar: &Path) -> Command {
        let mut jars = vec![jar.to_owned(), self.package.clone()];
        jars.extend(self.tools.everything());
        let mut java = workspace.command("java");
        let library = self.library.parent().unwrap_or_else(|| Path::new(""));
        java.arg(format!("-Djna.library.path={}", library.display()));
        java.args(["-cp", &class_path(&jars)]);
        java
    }

    /// The compiler and its libraries.
    pub(crate) const fn tools(&self) -> &Kotlin {
        &self.tools
    }

    fn jar(
        &self,
        workspace: &Workspace,
        console: Console,
        sources: &[PathBuf],
        jars: &[PathBuf],
        out: &Path,
    ) -> Result<(), Stopped> {
        let mut stamp = Stamp::new(&out.with_extension("stamp"));
        for source in sources {
            stamp.add(source)?;
        }
        // Of the jars only the package changes without a change of its name.
        stamp.add_word(&class_path(jars));
        if jars.contains(&self.package) {
            stamp.add(&self.package)?;
        }
        if out.exists() && stamp.is_fresh() {
            return Ok(());
        }
        let mut kotlinc = self.tools.compiler(workspace);
        kotlinc.args(["-cp", &class_path(jars)]).arg("-d").arg(out).args(sources);
        kotlinc.args(["-module-name", "pamlink"]);
        kotlinc.arg(format!("-Xfriend-paths={}", self.package.display()));
        console.must(kotlinc, BUILD)?;
        stamp.write()?;
        Ok(())
    }
}
