//! `login`: a name and a password become a token that is kept for later commands.

use std::io::{self, BufRead, IsTerminal, Write};

use serde_json::json;

use super::{
    Context,
    arguments::Login,
    credentials::{Credential, Credentials},
    error::CliError,
    place,
    remote::Remote,
};

pub(super) async fn run(order: &Login, context: &Context) -> Result<(), CliError> {
    let target = place::find_running(order.url.as_deref(), order.cacert.as_deref(), &context.place.data)?;
    let url = target.url.clone();
    let username = match &order.username {
        Some(username) => username.clone(),
        None => ask_username()?,
    };
    let password = if order.password_stdin {
        first_line_of_stdin("read the password from stdin")?
    } else {
        ask_password(&username, &url)?
    };
    let remote = Remote::new(target, None, context.progress)?;
    let session = remote.login(&username, &password).await?;
    let mut credentials = Credentials::of_user()?;
    let credential = Credential {
        username: username.clone(),
        token: session.access_token,
        expires: session.access_token_expire_time,
    };
    let expires = credential.expires.clone();
    credentials.keep(&url, credential)?;
    let answer = json!({
        "url": url,
        "username": username,
        "expires": expires,
        "credentials": credentials.path(),
    });
    context.output.answer(&answer, || {
        let until = expires.map_or_else(String::new, |time| format!(" until {time}"));
        format!("logged in to {url} as {username}{until}")
    })?;
    Ok(())
}

fn ask_username() -> Result<String, CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::Usage(
            "there is no terminal to ask at: give --username, and --password-stdin".to_owned(),
        ));
    }
    let failed = |source| CliError::Terminal { what: "ask for the user name", source };
    let mut terminal = io::stderr();
    write!(terminal, "Username: ").map_err(failed)?;
    terminal.flush().map_err(failed)?;
    first_line_of_stdin("ask for the user name")
}

fn ask_password(username: &str, url: &str) -> Result<String, CliError> {
    let prompt = format!("Password of {username} at {url}: ");
    rpassword::prompt_password(prompt).map_err(|source| CliError::Terminal {
        what: "ask for the password (use --password-stdin without a terminal)",
        source,
    })
}

/// The first line of standard input, without its end.
pub(super) fn first_line_of_stdin(what: &'static str) -> Result<String, CliError> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    read.map_err(|source| CliError::Terminal { what, source })?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
