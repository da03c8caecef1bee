//! `cargo xtask conformance`: all products, the table, and whether it is as it should be.

use std::path::Path;
use std::thread;

use super::file::File;
use super::run::{in_memory, product};
use super::skips::Skips;
use super::{table, transcripts};

/// A product of somebody's.
#[derive(Debug)]
pub struct Product {
    /// What it is called in the table.
    pub name: String,
    /// The command of the shell that is its adapter. The engine in memory has none.
    pub adapter: Option<String>,
    /// Whether what it skips is reviewed.
    pub reviewed: bool,
}

/// Plays the files to each product; writes `conformance.md` and `conformance.json` into `folder`.
/// All that is wrong, a line each.
///
/// # Errors
///
/// The reviewed list cannot be read, or the folder not be written.
pub fn run(products: &[Product], folder: &Path) -> Result<Vec<String>, String> {
    let mut files = File::all();
    files.extend(File::derived());
    files.extend(transcripts::all());
    let skips = Skips::open()?;
    let mut faults = skips.unused();
    let play = &|it: &Product| match &it.adapter {
        None => Ok(in_memory(&files)),
        Some(command) => product(command, &files),
    };
    // They mostly wait.
    let all = thread::scope(|scope| {
        let threads: Vec<_> = products.iter().map(|it| scope.spawn(move || play(it))).collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        let failed = || Err("the runner failed".to_owned());
        joined.map(|it| it.unwrap_or_else(|_| failed())).collect::<Vec<_>>()
    });
    let mut table = Vec::new();
    for (Product { name, reviewed, .. }, played) in products.iter().zip(all) {
        let mut played = match played {
            Ok(played) => played,
            Err(why) => {
                faults.push(format!("{name}: {why}"));
                continue;
            }
        };
        if played.is_empty() {
            faults.push(format!("{name}: no case is for it"));
        }
        if *reviewed {
            faults.extend(skips.spare(name, &mut played));
            faults.extend(skips.differences(name, &played));
        }
        let product = table::Product { name: name.clone(), played };
        faults.extend(table::faults(&product));
        table.push(product);
    }
    let text = table::markdown(&table);
    println!("{text}");
    let fault = |why: std::io::Error| format!("{}: {why}", folder.display());
    std::fs::create_dir_all(folder).map_err(fault)?;
    std::fs::write(folder.join("conformance.md"), text).map_err(fault)?;
    let json = format!("{:#}\n", table::json(&table));
    std::fs::write(folder.join("conformance.json"), json).map_err(fault)?;
    Ok(faults)
}
