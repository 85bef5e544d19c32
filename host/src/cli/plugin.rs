//! `plugin …`: the commands about plugins.

mod job;
mod plan;
mod settings;
mod snapshot;
mod sync;
mod text;

pub(super) use sync::SyncError;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::plugin::{Acceptance, Dependents};

use super::{
    Context,
    admin::{Admin, Change, Leavings, Start},
    arguments::{self, Check, Install, Named, New, Pack, PluginCommand, Rollback, Server, Uninstall, Upgrade},
    check::{self, Checked},
    credentials::Credentials,
    error::CliError,
    offline::Offline,
    output::Format,
    pack::{self, Packed},
    place::{self, PlaceError, Whereabouts},
    remote::Remote,
    scaffold,
};
use crate::plugin::PluginId;

pub(super) async fn run(command: PluginCommand, context: &Context) -> Result<(), CliError> {
    match command {
        PluginCommand::List(order) => list(&order.server, context).await,
        PluginCommand::Info(order) => info(&order, context).await,
        PluginCommand::Install(order) => install(&order, context).await,
        PluginCommand::Enable(order) => change(&order.id, &order.server, Change::Enable, context).await,
        PluginCommand::Disable(order) => {
            let disable = Change::Disable(Dependents::of(order.cascade));
            change(&order.id, &order.server, disable, context).await
        }
        PluginCommand::Upgrade(order) => upgrade(&order, context).await,
        PluginCommand::Rollback(order) => rollback(&order, context).await,
        PluginCommand::Release(order) => change(&order.id, &order.server, Change::Release, context).await,
        PluginCommand::Settings(order) => settings::run(&order, context).await,
        PluginCommand::Uninstall(order) => uninstall(&order, context).await,
        PluginCommand::Plan(order) => plan::plan(&order, context).await,
        PluginCommand::Apply(order) => plan::apply(&order, context).await,
        PluginCommand::Sync(order) => sync::run(&order, context).await,
        PluginCommand::Job(command) => job::run(command, context).await,
        PluginCommand::Snapshot(command) => snapshot::run(command, context).await,
        PluginCommand::Export(order) => snapshot::export(&order, context).await,
        PluginCommand::Pack(order) => pack(&order, context).await,
        PluginCommand::Check(order) => check(&order, context).await,
        PluginCommand::New(order) => new(&order, context),
    }
}

async fn list(server: &Server, context: &Context) -> Result<(), CliError> {
    let admin = connect(server, MissingData::Refuse, context).await?;
    let plugins = finish(admin.list().await, admin).await?;
    context.output.answer(&plugins, || text::list(&plugins))?;
    Ok(())
}

async fn info(order: &Named, context: &Context) -> Result<(), CliError> {
    let admin = connect(&order.server, MissingData::Refuse, context).await?;
    let plugin = finish(admin.detail(&order.id).await, admin).await?;
    context.output.answer(&plugin, || text::detail(&plugin))?;
    Ok(())
}

async fn install(order: &Install, context: &Context) -> Result<(), CliError> {
    let bundle = Source::find(&order.source, context).await?;
    let start = if order.disabled { Start::Disabled } else { Start::Enabled };
    let admin = connect(&order.server, MissingData::Create, context).await?;
    let place = admin.place();
    let plugin = finish(admin.install(&bundle.path, start).await, admin).await?;
    report(context, &plugin, || text::changed("installed", &plugin, &place))
}

async fn upgrade(order: &Upgrade, context: &Context) -> Result<(), CliError> {
    let bundle = Source::find(&order.source, context).await?;
    let id = check::manifest_of(&bundle.path)?.id;
    let admin = connect(&order.server, MissingData::Refuse, context).await?;
    let place = admin.place();
    let acceptance = if order.accept_capabilities { Acceptance::Accept } else { Acceptance::Refuse };
    let outcome = admin.upgrade(&id, &bundle.path, order.way(), acceptance).await;
    let plugin = finish(outcome, admin).await?;
    report(context, &plugin, || text::changed("upgraded", &plugin, &place))
}

async fn change(id: &PluginId, server: &Server, change: Change, context: &Context) -> Result<(), CliError> {
    let admin = connect(server, MissingData::Refuse, context).await?;
    let place = admin.place();
    let plugin = finish(admin.change(id, change).await, admin).await?;
    report(context, &plugin, || text::changed(change.done(), &plugin, &place))
}

async fn rollback(order: &Rollback, context: &Context) -> Result<(), CliError> {
    let admin = connect(&order.server, MissingData::Refuse, context).await?;
    let place = admin.place();
    let plugin = finish(admin.rollback(&order.id, order.to.as_ref(), order.tables()).await, admin).await?;
    report(context, &plugin, || text::changed("rolled back", &plugin, &place))
}

async fn uninstall(order: &Uninstall, context: &Context) -> Result<(), CliError> {
    let leavings = if order.purge || order.export.is_some() { Leavings::Purge } else { Leavings::Keep };
    let admin = connect(&order.server, MissingData::Refuse, context).await?;
    let removed = async {
        if let Some(file) = &order.export {
            admin.export(&order.id, file).await?;
        }
        admin.uninstall(&order.id, leavings, Dependents::of(order.cascade)).await
    };
    let removed = removed.await;
    finish(removed, admin).await?;
    let answer = json!({"id": order.id, "removed": true, "data": leavings.word()});
    context.output.answer(&answer, || text::uninstalled(&order.id, leavings))?;
    Ok(())
}

async fn pack(order: &Pack, context: &Context) -> Result<(), CliError> {
    let packed = pack::pack(order, context.progress).await?;
    warn(&packed, context);
    context.output.answer(&packed, || text::packed(&packed))?;
    Ok(())
}

/// A program finds the warnings in the answer.
fn warn(packed: &Packed, context: &Context) {
    if context.output.format() == Format::Human {
        for warning in &packed.warnings {
            eprintln!("warning: {warning}");
        }
    }
}

async fn check(order: &Check, context: &Context) -> Result<(), CliError> {
    let bundle = Source::find(&order.source, context).await?;
    let checked: Checked = check::check(&bundle.path, context).await?;
    context.output.answer(&checked, || text::checked(&checked))?;
    Ok(())
}

fn new(order: &New, context: &Context) -> Result<(), CliError> {
    let written = scaffold::write(order)?;
    context.output.answer(&written, || text::written(&written))?;
    Ok(())
}

/// A bundle, packed on the way when a crate was named.
struct Source {
    path: PathBuf,
    /// Holds the packed bundle; it goes with the value.
    _folder: Option<TempDir>,
}

impl Source {
    async fn find(source: &Path, context: &Context) -> Result<Self, CliError> {
        if !source.is_dir() {
            return Ok(Self { path: source.to_owned(), _folder: None });
        }
        let folder =
            tempfile::tempdir().map_err(|source| CliError::Terminal { what: "make a temporary directory", source })?;
        let order = arguments::Pack {
            directory: source.to_owned(),
            output: Some(folder.path().to_owned()),
            target: None,
            libraries: Vec::new(),
        };
        let packed = pack::pack(&order, context.progress).await?;
        warn(&packed, context);
        Ok(Self { path: packed.bundle, _folder: Some(folder) })
    }
}

/// What to do without a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MissingData {
    /// Make it: a plugin may be there before the server's first start.
    Create,
    /// Say so: an empty answer would be about the wrong place.
    Refuse,
}

async fn connect(server: &Server, missing: MissingData, context: &Context) -> Result<Box<dyn Admin>, CliError> {
    match place::find(server.url.as_deref(), server.cacert.as_deref(), &context.place.data)? {
        Whereabouts::Running(target) => {
            let token = match &server.token {
                Some(token) => Some(token.clone()),
                None => stored_token(&target.url)?,
            };
            Ok(Box::new(Remote::new(target, token, context.progress)?))
        }
        Whereabouts::Nowhere if missing == MissingData::Refuse => {
            let directory = context.place.data.clone();
            Err(PlaceError::Nowhere { directory }.into())
        }
        Whereabouts::AtRest | Whereabouts::Nowhere => {
            note_offline(context);
            Ok(Box::new(Offline::open(&context.place).await?))
        }
    }
}

/// Without a server the directory itself is changed; who meant a server should see it.
fn note_offline(context: &Context) {
    if context.output.format() == Format::Human {
        let data = context.place.data.display();
        eprintln!("no server runs on {data}: working on the directory itself");
    }
}

pub(super) fn stored_token(url: &str) -> Result<Option<String>, CliError> {
    let credentials = Credentials::of_user()?;
    Ok(credentials.get(url).map(|stored| stored.token.clone()))
}

/// Closes the connection whatever the outcome.
async fn finish(outcome: Result<Value, CliError>, admin: Box<dyn Admin>) -> Result<Value, CliError> {
    admin.close().await;
    outcome
}

/// Answers with the plugin as it is now; a plugin that failed makes the command fail.
fn report(context: &Context, plugin: &Value, human: impl FnOnce() -> String) -> Result<(), CliError> {
    if let Some(failure) = text::failure(plugin) {
        if context.output.format() == Format::Json {
            context.output.answer(plugin, String::new)?;
        }
        return Err(CliError::NotRunning(failure));
    }
    context.output.answer(plugin, human)?;
    Ok(())
}
