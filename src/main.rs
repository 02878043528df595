//! Arguments only: reads them, and hands over to whoever does the work.

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::log();
    match cli::Arguments::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("ahoy: {error:#}");
            ExitCode::FAILURE
        }
    }
}
