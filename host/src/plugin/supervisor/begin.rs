//! Bringing up what should serve when the server starts, without falling over the same plugin again and again.

use super::Supervisor;
use super::work::Change;
use crate::plugin::dependencies::{Graph, enable_order};
use crate::plugin::error::OperationError;
use crate::plugin::guard::{Quarantine, QuarantineCause, StartMarker};
use crate::plugin::id::PluginId;
use crate::plugin::operation::journal::{Order, Origin};
use crate::plugin::services::now_ms;
use crate::plugin::status::Observed;
use crate::plugin::table::Plugins;
use std::collections::BTreeSet;

/// What a start has made of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// They say what they said.
    AsTheRowsSaid,
    /// A plugin was taken out.
    TookOut,
}

impl Supervisor {
    /// Enables, one after the other, what should serve. A plugin that the last start died of comes last, with
    /// those that depend on it; one that it died of twice is taken out.
    pub(super) async fn bring_up_all(&mut self) -> Begun {
        if self.workplace.safe_mode {
            tracing::warn!("safe mode: no plugin is loaded");
            return Begun::AsTheRowsSaid;
        }
        let mut marker = StartMarker::open(&self.workplace.data);
        let begun = self.take_out_deadly(&mut marker).await;
        for id in careful_order(&self.plugins, &marker) {
            let Some(status) = self.plugins.get(&id).filter(|status| self.may_start(status)) else { continue };
            marker.begin(&id, &status.version().clone());
            // Told, logged and recorded there.
            let order = Order { origin: Origin::Start, plan: None };
            if let Err(error) = self.change(Change::Enable(id.clone()), &order).await {
                self.note_refusal(&id, &error).await;
            }
            marker.survived(&id);
        }
        begun
    }

    /// What was refused before its first step has not been recorded at the plugin.
    async fn note_refusal(&mut self, id: &PluginId, error: &OperationError) {
        if self.plugins.get(id).is_some_and(|status| status.observed == Observed::Disabled)
            && let Err(unrecorded) = self.settle_failed(id, error).await
        {
            tracing::error!("the failure of plugin {id} could not be recorded: {}", unrecorded.chain());
        }
    }

    async fn take_out_deadly(&mut self, marker: &mut StartMarker) -> Begun {
        let mut begun = Begun::AsTheRowsSaid;
        let wanted: Vec<_> = self.plugins.values().filter(|status| self.may_start(status)).cloned().collect();
        for status in wanted {
            let (id, version) = (status.id(), status.version().clone());
            if !marker.is_deadly(id, &version) {
                continue;
            }
            let cause = QuarantineCause::EndedServer { times: marker.deaths(id, &version) };
            let quarantine = Quarantine { version, since_ms: now_ms(), cause, last_panic: None };
            match self.take_out(&status, quarantine).await {
                Ok(_) => {
                    marker.survived(id);
                    begun = Begun::TookOut;
                }
                Err(error) => tracing::error!("the quarantine of plugin {id} could not be recorded: {}", error.chain()),
            }
        }
        begun
    }
}

/// By dependence; suspects and what depends on them come after everything else.
fn careful_order(plugins: &Plugins, marker: &StartMarker) -> Vec<PluginId> {
    let mut suspects: BTreeSet<PluginId> = BTreeSet::new();
    let order = enable_order(&Graph::of(plugins));
    for id in &order {
        let Some(status) = plugins.get(id) else { continue };
        let leans = status.release.manifest.needed().any(|needed| suspects.contains(needed));
        if leans || marker.deaths(id, status.version()) > 0 {
            suspects.insert(id.clone());
        }
    }
    let (last, first): (Vec<_>, Vec<_>) = order.into_iter().partition(|id| suspects.contains(id));
    [first, last].concat()
}
