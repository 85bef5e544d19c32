//! `doctor`: what belongs to no plugin, on a running server or on a data directory at rest.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;

use poem_openapi::types::ToJSON;
use serde_json::Value;

use super::{
    Context,
    arguments::Doctor,
    error::CliError,
    output::{Format, table},
    place::{self, PlaceError, Target, Whereabouts},
    plugin::stored_token,
    remote::Remote,
    settings,
};
use crate::{
    admin::data_rule::registry,
    app::{CoreError, DataDir},
    db::{Pool, migrate},
    http::plugins::DiagnosisDto,
    plugin::{
        OperationError,
        doctor::{self, Patient},
    },
    store::Store,
};

pub(super) async fn run(order: &Doctor, context: &Context) -> Result<(), CliError> {
    let place = Place::find(order, context).await?;
    let diagnosis = place.examine().await;
    let outcome = match diagnosis {
        Ok(diagnosis) => act(order, &place, diagnosis, context).await,
        Err(error) => Err(error),
    };
    place.close().await;
    outcome
}

async fn act(order: &Doctor, place: &Place, diagnosis: Value, context: &Context) -> Result<(), CliError> {
    let found = faults(&diagnosis);
    let repairs = order.repair && found > 0;
    if !repairs {
        context.output.answer(&diagnosis, || text(&diagnosis))?;
        return if found == 0 { Ok(()) } else { Err(CliError::Faults { found, repaired: order.repair }) };
    }
    if !order.yes {
        ask(&diagnosis, context)?;
    }
    let after = place.repair().await?;
    context.output.answer(&after, || text(&after))?;
    match faults(&after) {
        0 => Ok(()),
        found => Err(CliError::Faults { found, repaired: true }),
    }
}

/// Shows what would be taken away, and goes on only after a yes.
fn ask(diagnosis: &Value, context: &Context) -> Result<(), CliError> {
    if context.output.format() == Format::Json || !io::stdin().is_terminal() {
        return Err(CliError::Usage("--repair without somebody to ask needs --yes".to_owned()));
    }
    eprint!("{}Take away what can be repaired? [y/N] ", text(diagnosis));
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).map_err(|source| CliError::Terminal { what: "read the answer", source })?;
    if answer.trim().eq_ignore_ascii_case("y") {
        return Ok(());
    }
    Err(CliError::Usage("nothing was changed".to_owned()))
}

/// Where it is looked.
enum Place {
    Running(Box<Remote>),
    AtRest {
        patient: Box<Patient>,
        /// Locked while this value lives.
        _data: DataDir,
    },
}

impl Place {
    async fn find(order: &Doctor, context: &Context) -> Result<Self, CliError> {
        let server = &order.server;
        match place::find(server.url.as_deref(), server.cacert.as_deref(), &context.place.data)? {
            Whereabouts::Running(target) => Self::running(target, server.token.clone(), context),
            Whereabouts::AtRest => Self::at_rest(context).await,
            Whereabouts::Nowhere => Err(PlaceError::Nowhere { directory: context.place.data.clone() }.into()),
        }
    }

    fn running(target: Target, token: Option<String>, context: &Context) -> Result<Self, CliError> {
        let token = match token {
            Some(token) => Some(token),
            None => stored_token(&target.url)?,
        };
        Ok(Self::Running(Box::new(Remote::new(target, token, context.progress)?)))
    }

    /// Nothing of a plugin is loaded.
    async fn at_rest(context: &Context) -> Result<Self, CliError> {
        let config = settings::load(&context.place)?;
        let data = DataDir::open(&context.place.data).map_err(CoreError::from)?;
        let pool = Pool::open(&config.database_url(data.path())).await.map_err(CoreError::from)?;
        let applied = migrate::core_applied(&pool).await.map_err(CoreError::from)?;
        if applied.len() != migrate::core_migrations().len() {
            pool.close().await;
            return Err(CliError::OldTables);
        }
        let store = Arc::new(Store::open(data.path()).map_err(OperationError::from)?);
        let (path, core_models) = (data.path().to_owned(), registry::core_names());
        let patient = Box::new(Patient { pool, store, data: path, core_models });
        Ok(Self::AtRest { patient, _data: data })
    }

    async fn examine(&self) -> Result<Value, CliError> {
        match self {
            Self::Running(remote) => Ok(remote.doctor(false).await?),
            Self::AtRest { patient, .. } => Ok(json(&DiagnosisDto::of(&doctor::examine(patient).await?, &[]))),
        }
    }

    async fn repair(&self) -> Result<Value, CliError> {
        match self {
            Self::Running(remote) => Ok(remote.doctor(true).await?),
            Self::AtRest { patient, .. } => {
                let repaired = doctor::repair(patient).await?;
                Ok(json(&DiagnosisDto::of(&doctor::examine(patient).await?, &repaired)))
            }
        }
    }

    async fn close(self) {
        if let Self::AtRest { patient, .. } = self {
            patient.pool.close().await;
        }
    }
}

fn json(answer: &DiagnosisDto) -> Value {
    answer.to_json().unwrap_or_default()
}

fn faults(diagnosis: &Value) -> usize {
    diagnosis["faults"].as_array().map_or(0, Vec::len)
}

fn text(diagnosis: &Value) -> String {
    let mut text = String::new();
    for (key, title, last) in
        [("repaired", "REPAIRED", "failure"), ("faults", "FAULT", "text"), ("kept", "KEPT", "text")]
    {
        let rows: Vec<Vec<String>> =
            diagnosis[key].as_array().into_iter().flatten().map(|finding| line(finding, last)).collect();
        if !rows.is_empty() {
            text.push_str(&table(&[title, "NAME", "PLUGIN", ""], &rows));
            text.push('\n');
        }
    }
    if faults(diagnosis) == 0 {
        text.push_str("everything has an owner\n");
    }
    text
}

fn line(finding: &Value, last: &str) -> Vec<String> {
    let word = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let done = if last == "failure" && finding["done"] == true { "done".to_owned() } else { word(last) };
    vec![word("subject"), word("name"), word("plugin"), done]
}
