//! What administrators read when something is refused: every text names who and what, and what would do.

use super::OperationError as E;
use crate::db::migrate::Contraction;
use crate::plugin::conflict::{Conflict, Owner};
use crate::plugin::id::PluginId;
use crate::plugin::manifest::Capability;
use http::Method;
use semver::Version;

fn shop() -> PluginId {
    "shop".parse().unwrap()
}

fn plugin(id: &str) -> Box<Owner> {
    Box::new(Owner::Plugin { id: id.parse().unwrap(), version: Version::new(1, 0, 0) })
}

fn conflicts() -> Vec<Conflict> {
    let (claimed_by, other) = (|| plugin("shop"), || plugin("dict"));
    vec![
        Conflict::Route {
            method: Method::GET,
            path: "/api/v1/goods".to_owned(),
            claimed_by: claimed_by(),
            served_by: other(),
        },
        Conflict::Ambiguous { path: "/api/v1/{x}".to_owned(), claimed_by: claimed_by(), served_by: other() },
        Conflict::Menu { name: "Goods".to_owned(), claimed_by: claimed_by(), owned_by: Owner::Core.into() },
        Conflict::Permission { code: "goods:add".to_owned(), claimed_by: claimed_by(), owned_by: other() },
        Conflict::Model {
            name: "Goods".to_owned(),
            claimed_by: claimed_by(),
            owned_by: Owner::Kept { id: "dict".to_owned() }.into(),
        },
        Conflict::MenuParent { name: "Goods".to_owned(), parent: "Market".to_owned(), claimed_by: claimed_by() },
    ]
}

#[test]
fn refusals_name_both_parties_and_what_would_be_accepted() {
    let (id, version, other) = (shop, || Version::new(1, 0, 0), || Version::new(2, 0, 0));
    let hash = |digit: &str| digit.repeat(64).parse().unwrap();
    let contraction = || Contraction {
        version: 3,
        name: "prices".to_owned(),
        line: 1,
        statement: "ALTER TABLE shop_item DROP COLUMN price".to_owned(),
        why: "the version that serves reads the column".to_owned(),
        instead: "drop it in a later version".to_owned(),
    };
    let mut refusals = vec![
        E::WrongDatabase { id: id(), supported: vec!["postgresql".to_owned()], database: "sqlite" },
        E::Disagree { what: "version", declared: "1.0.0".to_owned(), found: "1.0.1".to_owned() },
        E::Unasked { id: id(), version: version(), what: "jobs", capability: "jobs" },
        E::SnapshotElsewhere { id: id(), number: 3, file: "snapshots/shop/1.zip".to_owned() },
        E::NoJob { id: id(), version: version(), name: "cont".to_owned(), known: vec!["count".to_owned()] },
        E::NoJob { id: id(), version: version(), name: "count".to_owned(), known: Vec::new() },
        E::JobRuns { id: id(), name: "count".to_owned() },
        E::NoJobsNow { id: id() },
        E::Unknown { id: "shp".to_owned(), nearest: Some(id()) },
        E::Unknown { id: "else".to_owned(), nearest: None },
        E::AlreadyInstalled { id: id(), version: version() },
        E::OtherBytes { id: id(), version: version(), installed: hash("a"), offered: hash("b") },
        E::OtherVersion { id: id(), installed: version(), offered: other() },
        E::OtherPlugin { asked: id(), found: "dict".parse().unwrap() },
        E::NoPrevious { id: id(), version: version() },
        E::NotKept { id: id(), version: version(), kept: vec![other()] },
        E::NotQuarantined { id: id() },
        E::SafeMode { what: "enable a plugin" },
        E::Required { id: id() },
        E::NoPlan { id: "0d9b1f2c".to_owned() },
        E::Outdated { id: id(), differences: vec!["routes", "warnings"] },
        E::Contracts { id: id(), version: other(), serving: version(), contractions: vec![contraction()] },
        E::CapabilitiesAdded {
            id: id(),
            version: other(),
            added: vec![Capability { name: "http", detail: "api.example.com".to_owned() }],
        },
        E::NoSnapshot { id: id(), number: 3 },
        E::NoBundle { id: id(), version: version() },
        E::Overtaken,
        E::ShuttingDown,
    ];
    refusals.extend(conflicts().into_iter().map(E::Conflict));
    let texts: Vec<String> = refusals.iter().map(E::chain).collect();
    insta::assert_snapshot!(texts.join("\n"));
}
