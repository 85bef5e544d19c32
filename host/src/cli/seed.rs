//! `seed`: rows to try a server with, added to a data directory at rest.

use serde_json::json;

use super::{
    Context,
    arguments::{Demo, SeedCommand},
    error::CliError,
    login,
    output::table,
    settings,
};
use crate::{admin::SampleAccount, app::Core};

pub(super) async fn run(order: SeedCommand, context: &Context) -> Result<(), CliError> {
    let SeedCommand::Demo(order) = order;
    let given = given_password(&order)?;
    let core = Core::open(settings::load(&context.place)?, &context.place.data).await?;
    let added = core.admin.sample(core.pool.database()).add(given.as_deref()).await;
    core.close().await;
    let accounts = added?;
    let generated = |account: &SampleAccount| given.is_none().then(|| account.password.clone());
    let row = |account: &SampleAccount| {
        json!({"username": account.username, "dept": account.dept, "role": account.role,
               "generated_password": generated(account)})
    };
    let answer = json!({"users": accounts.iter().map(row).collect::<Vec<_>>()});
    context.output.answer(&answer, || told(&accounts, given.is_none()))?;
    Ok(())
}

fn given_password(order: &Demo) -> Result<Option<String>, CliError> {
    order.password_stdin.then(|| login::first_line_of_stdin("read the password from stdin")).transpose()
}

/// A table; with passwords where they were made up, which is the only time that they are shown.
fn told(accounts: &[SampleAccount], generated: bool) -> String {
    let shown = |account: &SampleAccount| {
        let password = if generated { account.password.as_str() } else { "as given" };
        [account.username, account.dept, account.role, password].map(str::to_owned).to_vec()
    };
    let rows: Vec<Vec<String>> = accounts.iter().map(shown).collect();
    let note = if generated { "\nThe passwords are shown only now." } else { "" };
    format!("{}{note}", table(&["USER", "DEPARTMENT", "ROLE", "PASSWORD"], &rows))
}
