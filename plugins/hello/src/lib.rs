//! The smallest plugin: one route, and a page of its own in `ui/hello.js`.

use plugin_api::prelude::*;

struct Hello;

struct Api;

#[OpenApi]
impl Api {
    /// Say hello
    #[oai(path = "/hello", method = "get")]
    async fn hello(&self, name: Query<Option<String>>) -> PlainText<String> {
        PlainText(format!("Hello, {}!", name.0.as_deref().unwrap_or("world")))
    }
}

impl Plugin for Hello {
    fn new(_: PluginContext) -> Self {
        Self
    }

    fn contributions(&self) -> Contributions {
        Contributions::new()
            .openapi(Api)
            .access("GET /hello", Access::Public)
            .menu(Menu::page("Hello", "/hello").title("Hello").icon("mdi:hand-wave").element("hello-page"))
    }
}

export_plugin!(Hello);
