//! The `propensity` command.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Tables come and go in large pieces, which this allocator keeps at hand for the next ones.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::main()
}
