//! `cargo xtask …`: the developer's commands.

#![forbid(unsafe_code)]

mod autobahn;
mod bench;
mod bindings;
mod check;
mod command;
mod conformance;
mod fuzz;
mod model;
mod package;
mod page;
mod parts;
mod simulate;
mod tap;
mod tools;
mod totals;
mod workspace;

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::autobahn::Role;
use crate::command::Console;
use crate::workspace::Workspace;

/// The developer's commands of pamlink.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,

    /// Shows all that the tools print while they run (always so when `CI=true`).
    #[arg(long, short, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Checks what may break any day, installs what that needs, ends with `N passed, N failed, N
    /// skipped`.
    Test(TestArgs),
    /// Runs the Autobahn testsuite against the frame layer; writes target/autobahn.
    Autobahn(AutobahnArgs),
    /// Measures beside the peers and prints a table; writes target/bench/NAME.json.
    Bench(BenchArgs),
    /// Feeds random input to one fuzz target, or to each in turn.
    Fuzz(FuzzArgs),
    /// Checks the machines of `delivery` in every state within bounds, and prints a table.
    Model(ModelArgs),
    /// Runs the machines of `delivery`, or whole clients and a hub, in worlds where everything fails,
    /// and prints what was seen.
    Simulate(SimulateArgs),
    /// Plays the files of tests/conformance to every product, or to that of --adapter, and prints a
    /// table of clauses and products; writes target/conformance.
    Conformance(ConformanceArgs),
    /// Builds the library of the packages and generates what calls it; writes target/bindings.
    Bindings,
    /// Builds what the page of `pamlink serve` loads into hosts/cli, for the next build of the program.
    Page,
    /// Makes the packages for Python, Kotlin and Swift, and runs each where a user would.
    Package,
}

#[derive(Debug, Args)]
struct TestArgs {
    /// Runs this part alone; may be given more than once.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(parts::names()),
          hide_possible_values = true)]
    only: Vec<String>,

    /// Leaves nothing out: the parts that take minutes, and every case of the Autobahn testsuite.
    #[arg(long)]
    whole: bool,
}

#[derive(Debug, Args)]
struct AutobahnArgs {
    /// What the engine is in the run.
    #[arg(long, value_name = "ROLE", default_value = "both",
          value_parser = ["server", "client", "both"])]
    role: String,

    /// The cases to run, such as `6.*` or `12.1.1,13.*`; without it, all.
    #[arg(long, value_name = "PATTERN")]
    cases: Option<String>,
}

#[derive(Debug, Args)]
struct BenchArgs {
    /// The group to measure; without it, each in turn.
    name: Option<String>,

    /// Fewer and shorter rounds: shows that it works, its figures mean little.
    #[arg(long)]
    quick: bool,

    /// Builds this revision beside the present one, in a worktree under the build folder, runs both
    /// in turn and adds the ratio to it as a column. For groups of Rust alone.
    #[arg(long, value_name = "REV")]
    against: Option<String>,
}

#[derive(Debug, Args)]
struct FuzzArgs {
    /// The target to run; without it, each in turn.
    target: Option<String>,

    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
}

#[derive(Debug, Args)]
struct ConformanceArgs {
    /// A command of the shell: the adapter of an implementation, as
    /// tests/conformance/README.md says what one is.
    #[arg(long, value_name = "CMD")]
    adapter: Option<String>,
}

#[derive(Debug, Args)]
struct ModelArgs {
    /// The most steps from the beginning, for every model; without it, each has its own.
    #[arg(long, value_name = "N")]
    depth: Option<usize>,

    /// The most seconds of one model.
    #[arg(long, value_name = "N", default_value_t = 300)]
    seconds: u64,
}

#[derive(Debug, Args)]
struct SimulateArgs {
    /// How many faults there are at least.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    faults: u64,

    /// From which everything follows.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// How many devices each world has; drawn without it.
    #[arg(long, value_name = "K")]
    sessions: Option<u64>,

    /// Which worlds: swarm, links, processes or log, of sessions over envelopes; or whole, of
    /// clients and a hub over bytes.
    #[arg(long, value_name = "P", default_value = "swarm")]
    profile: String,

    /// Prints the lines of this world alone.
    #[arg(long, value_name = "W")]
    world: Option<u64>,
}

fn main() -> ExitCode {
    let command = Cli::command()
        .mut_subcommand("test", |test| test.after_help(format!("Parts:\n{}", parts::overview())));
    let cli = Cli::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit());
    let mut workspace = match Workspace::find() {
        Ok(workspace) => workspace,
        Err(error) => return fail(&error),
    };
    let console = Console::new(cli.verbose || workspace.ci);
    let done = match &cli.task {
        Task::Test(args) => {
            workspace.whole = args.whole;
            Ok(parts::run(&workspace, console, &args.only))
        }
        Task::Autobahn(args) => {
            autobahn::run(&workspace, console, Role::named(&args.role), args.cases.as_deref())
        }
        Task::Bench(BenchArgs { name, quick, against }) => {
            bench::run(&workspace, console, name.as_deref(), *quick, against.as_deref())
        }
        Task::Fuzz(args) => fuzz::run(&workspace, console, args.target.as_deref(), args.seconds),
        Task::Model(args) => model::run(&workspace, args.depth, args.seconds),
        Task::Simulate(args) => simulate::run(&workspace, args),
        Task::Conformance(args) => conformance::run(&workspace, console, args),
        Task::Bindings => bindings::run(&workspace, console),
        Task::Page => page::run(&workspace, console),
        Task::Package => package::run(&workspace, console),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
