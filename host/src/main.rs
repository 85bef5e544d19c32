//! The `backplane` binary: everything it does is in [`backplane::cli`].

fn main() -> std::process::ExitCode {
    backplane::cli::run()
}
