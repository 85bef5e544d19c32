//! Plugins load whichever compiler built them.

use crate::bundle::{self, Parts};
use crate::server::{Server, eventually};
use std::path::Path;

/// `cargo xtask test` builds some plugins once more with each of these, into a folder of this name.
const COMPILERS: [&str; 2] = ["debian", "randomized-layout"];

fn library(compiler: &str, name: &str) -> Vec<u8> {
    let folder = bundle::target_folder().join("compilers").join(compiler).join("release");
    let path = folder.join(format!("lib{name}.so"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: cargo xtask test builds it", path.display()))
}

/// What the compiler calls itself in the libraries that it makes.
fn comment(library: &[u8]) -> String {
    let at = library.windows(14).position(|window| window == b"rustc version ").expect("a compiler's name");
    let name = library[at..].split(|byte| *byte == 0).next().expect("a name");
    String::from_utf8_lossy(name).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_of_another_compiler_load_serve_and_unload() {
    let own = comment(&std::fs::read(Path::new(env!("CARGO_BIN_EXE_backplane"))).expect("the program"));
    for compiler in COMPILERS {
        let server = Server::start().await;
        let admin = server.admin().await;
        let libraries = ["hello", "steady_one"].map(|name| (name, library(compiler, name)));
        for (name, library) in libraries {
            let theirs = comment(&library);
            println!("{compiler}: {name} by {theirs}, the host by {own}");
            assert_ne!(theirs, own, "{compiler} is another compiler");
            admin.install(Parts::with_library(name, library).zip()).await.ok();
        }
        assert_eq!(admin.get("/api/v1/hello?name=you").await.text, "Hello, you!");
        admin.get("/api/v1/hello?name=a&name=b").await;
        assert_eq!(admin.get("/api/v1/steady/items/7").await.ok()["id"], "7");
        let slow = admin.get("/api/v1/steady/slow?ms=50").await;
        assert_eq!(slow.text.lines().count(), 20);
        admin.upload("/api/v1/plugins/steady/upgrade", bundle::of("steady_two")).await.ok();
        assert_eq!(admin.get("/api/v1/steady").await.ok()["version"], "2.0.0");
        for id in ["hello", "steady"] {
            admin.post(&format!("/api/v1/plugins/{id}/disable")).await.ok();
            eventually("its images are unmapped", async || {
                admin.plugin(id).await["images"].as_array().is_some_and(Vec::is_empty)
            })
            .await;
        }
    }
}
