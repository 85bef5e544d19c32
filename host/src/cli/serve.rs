//! `serve`: runs the server, and says on stdout what its operator must know.

use serde_json::json;

use super::{Context, arguments::Serve, error::CliError, output::Output, settings};
use crate::{
    app::{self, Notice},
    config::Config,
};

pub(super) async fn run(order: &Serve, context: &Context) -> Result<(), CliError> {
    let config = overridden(settings::load(&context.place)?, order);
    // Somebody else writes the log already when this process runs a second server, as tests do.
    let _ = app::log::start(&config.log);
    let output = context.output;
    app::serve(config, &context.place.data, |notice| tell(output, &notice)).await?;
    Ok(())
}

fn overridden(mut config: Config, order: &Serve) -> Config {
    if let Some(host) = order.host {
        config.server.host = host;
    }
    if let Some(port) = order.port {
        config.server.port = port;
    }
    config.plugins.safe_mode |= order.safe_mode;
    config
}

/// A closed stdout does not end a server.
fn tell(output: Output, notice: &Notice) {
    let told = match notice {
        Notice::FirstAdmin { username, generated_password } => {
            output.event(&json!({"event": "first_admin", "username": username, "password": generated_password}), || {
                match generated_password {
                    Some(password) => format!(
                        "Created the first user.\n  User:     {username}\n  Password: {password}\n\
                     The password is not shown again."
                    ),
                    None => format!("Created the first user, {username}, with the password of admin.password."),
                }
            })
        }
        Notice::Listening { url } => {
            output.event(&json!({"event": "listening", "url": url}), || format!("Listening on {url}"))
        }
    };
    if let Err(error) = told {
        tracing::warn!(%error, "stdout does not take what the operator should see");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::arguments::{Arguments, Command};
    use clap::Parser;

    #[test]
    fn words_go_over_settings() {
        let config = |words: &[&str]| {
            let arguments = Arguments::parse_from([&["backplane", "serve"], words].concat());
            let Command::Serve(order) = arguments.command else { panic!("another command") };
            overridden(Config::load(None, []).unwrap(), &order)
        };
        assert!(config(&["--safe-mode"]).plugins.safe_mode);
        assert!(!config(&["--port", "1"]).plugins.safe_mode);
        assert_eq!(config(&["--port", "1"]).server.port, 1);
    }
}
