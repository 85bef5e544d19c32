//! The server as its users meet it: the real program, real libraries, real sockets.

#![expect(clippy::print_stdout, reason = "what was measured is worth reading")]

#[path = "support/bundle.rs"]
mod bundle;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/other.rs"]
mod other;
#[path = "support/server.rs"]
mod server;
#[path = "support/watcher.rs"]
mod watcher;

#[path = "server/access.rs"]
mod access;
#[path = "server/bad_input.rs"]
mod bad_input;
#[path = "server/bundled.rs"]
mod bundled;
#[path = "server/capabilities.rs"]
mod capabilities;
#[path = "server/cli.rs"]
mod cli;
#[path = "server/compilers.rs"]
mod compilers;
#[path = "server/contract.rs"]
mod contract;
#[path = "server/data_permission.rs"]
mod data_permission;
#[path = "server/defects.rs"]
mod defects;
#[path = "server/dependencies.rs"]
mod dependencies;
#[path = "server/doctor.rs"]
mod doctor;
#[path = "server/durability.rs"]
mod durability;
#[path = "server/errands.rs"]
mod errands;
#[path = "server/events.rs"]
mod events;
#[path = "server/files.rs"]
mod files;
#[path = "server/jobs.rs"]
mod jobs;
#[path = "server/lifecycle.rs"]
mod lifecycle;
#[path = "server/logs.rs"]
mod logs;
#[path = "server/matrix.rs"]
mod matrix;
#[path = "server/moving_in.rs"]
mod moving_in;
#[path = "server/nodes.rs"]
mod nodes;
#[path = "server/operations.rs"]
mod operations;
#[path = "server/outgoing.rs"]
mod outgoing;
#[path = "server/peers.rs"]
mod peers;
#[path = "server/plans.rs"]
mod plans;
#[path = "server/plugin_nodes.rs"]
mod plugin_nodes;
#[path = "server/probation.rs"]
mod probation;
#[path = "server/quarantine.rs"]
mod quarantine;
#[path = "server/ready.rs"]
mod ready;
#[path = "server/recovery.rs"]
mod recovery;
#[path = "server/required.rs"]
mod required;
#[path = "server/safe_mode.rs"]
mod safe_mode;
#[path = "server/schemas.rs"]
mod schemas;
#[path = "server/sequences.rs"]
mod sequences;
#[path = "server/settings.rs"]
mod settings;
#[path = "server/snowflake.rs"]
mod snowflake;
#[path = "server/sync.rs"]
mod sync;
#[path = "server/tls.rs"]
mod tls;
#[path = "server/traffic.rs"]
mod traffic;
#[path = "server/ui.rs"]
mod ui;
