//! `user`: accounts of a data directory at rest, for whoever has no login (any more).

use serde_json::json;

use super::{
    Context,
    arguments::{Account, UserCommand},
    error::CliError,
    login, settings,
};
use crate::{
    admin::{
        auth::password,
        user::{UserError, UserService},
    },
    app::Core,
};

/// The longest login name, in characters: as long as the API takes.
const NAME_CHARACTERS_MAX: usize = 64;

/// What is done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    CreateAdmin,
    ResetPassword,
}

pub(super) async fn run(order: UserCommand, context: &Context) -> Result<(), CliError> {
    let (account, change) = match order {
        UserCommand::CreateAdmin(account) => (account, Change::CreateAdmin),
        UserCommand::ResetPassword(account) => (account, Change::ResetPassword),
    };
    let name = account.name.as_str();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
        return Err(CliError::Usage(format!("a user name has 1 to {NAME_CHARACTERS_MAX} characters")));
    }
    let given = given_password(&account)?;
    let generated = given.is_none().then(password::random);
    let chosen = given.as_deref().or(generated.as_deref()).unwrap_or_default();
    let core = Core::open(settings::load(&context.place)?, &context.place.data).await?;
    let done = apply(core.admin.users(), change, name, chosen).await;
    core.close().await;
    done.map_err(|source| CliError::User { name: name.to_owned(), source: Box::new(source) })?;
    let answer = json!({"username": name, "generated_password": generated});
    context.output.answer(&answer, || told(change, name, generated.as_deref()))?;
    Ok(())
}

fn given_password(account: &Account) -> Result<Option<String>, CliError> {
    if !account.password_stdin {
        return Ok(None);
    }
    login::first_line_of_stdin("read the password from stdin").map(Some)
}

async fn apply(users: &UserService, change: Change, name: &str, password: &str) -> Result<(), UserError> {
    match change {
        Change::CreateAdmin => users.create_administrator(name, password).await,
        Change::ResetPassword => users.reset_password_of(name, password).await,
    }
}

fn told(change: Change, name: &str, generated: Option<&str>) -> String {
    let done = match change {
        Change::CreateAdmin => format!("created the administrator {name}"),
        Change::ResetPassword => format!("changed the password of {name}, whose sessions have ended"),
    };
    match generated {
        None => done,
        Some(password) => format!("{done}\npassword (shown only now): {password}"),
    }
}
