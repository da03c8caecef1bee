//! A group in sections, as its command line has them.

use std::env;

use crate::cpu;
use crate::rows::Rows;

/// A section: measures with this effort, and adds its rows.
pub type Section<E> = fn(E, &mut Rows) -> anyhow::Result<()>;

/// Runs the sections of a group and writes its rows. `--quick` measures with less effort; any other
/// word runs only the sections that begin with it. (Cargo itself adds `--bench`.)
///
/// # Errors
///
/// What a section fails with, and a file of rows that cannot be written.
pub fn run<E: Copy>(
    group: &str,
    [quick, full]: [E; 2],
    sections: &[(&str, Section<E>)],
) -> anyhow::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    let effort = if args.iter().any(|arg| arg == "--quick") { quick } else { full };
    let only = args.iter().find(|arg| !arg.starts_with("--"));
    if !cpu::pin(cpu::cores() - 1) {
        eprintln!("this system pins no threads: figures will be noisy");
    }
    let mut rows = Rows::default();
    for (name, section) in sections {
        if only.is_none_or(|only| name.starts_with(only.as_str())) {
            eprintln!("{name}");
            section(effort, &mut rows)?;
        }
    }
    let path = rows.write(group)?;
    eprintln!("{}", path.display());
    Ok(())
}
