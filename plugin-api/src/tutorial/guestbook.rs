use plugin_api::prelude::*;

/// A row of the table.
#[derive(serde::Deserialize)]
struct Row {
    id: i64,
    author: String,
    text: String,
    created_ms: i64,
}

/// An entry, as the API shows it.
#[derive(Object)]
struct Entry {
    id: Id,
    author: String,
    text: String,
    created_time: String,
}

/// What a visitor writes.
#[derive(Object)]
struct EntryForm {
    #[oai(validator(min_length = 1, max_length = 500))]
    text: String,
}

/// The settings, as the administrator left them.
#[derive(serde::Deserialize)]
struct Settings {
    entries_max: i64,
}

struct Guestbook {
    context: PluginContext,
}

struct Api {
    context: PluginContext,
}

#[OpenApi]
impl Api {
    /// Read the book, newest first
    #[oai(path = "/guestbook", method = "get")]
    async fn list(&self) -> Result<Json<Envelope<Vec<Entry>>>, ApiError> {
        let sql = "SELECT id, author, text, created_ms FROM guestbook_entry ORDER BY id DESC";
        let rows: Vec<Row> = self.context.database().query(sql).fetch_all().await?;
        Ok(Envelope::of(rows.into_iter().map(|row| self.entry(row)).collect()))
    }

    /// Write into the book
    #[oai(path = "/guestbook", method = "post")]
    async fn write(&self, form: Json<EntryForm>, asker: RequestInfo) -> Result<Json<Envelope<bool>>, ApiError> {
        let settings: Settings = self.context.settings().map_err(ApiError::internal)?;
        // Dropped on the way out, for example by `?`, a transaction is rolled back.
        let tx = self.context.database().begin().await?;
        let entries: i64 = tx.query("SELECT COUNT(*) FROM guestbook_entry").fetch_scalar().await?;
        if entries >= settings.entries_max {
            return Err(ApiError::conflict("the book is full", "留言簿已满"));
        }
        tx.insert("guestbook_entry")
            .value("author", asker.user_name())
            .value("text", form.0.text)
            .value("created_ms", self.context.now_ms())
            .execute()
            .await?;
        tx.commit().await?;
        Ok(Envelope::done())
    }

    /// Tear an entry out
    #[oai(path = "/guestbook/:id", method = "delete")]
    async fn tear_out(&self, id: Path<Id>) -> Result<Json<Envelope<bool>>, ApiError> {
        let delete = self.context.database().query("DELETE FROM guestbook_entry WHERE id = $1").bind(id.0.get());
        Ok(Envelope::changed(delete.execute().await?))
    }
}

impl Api {
    fn entry(&self, row: Row) -> Entry {
        let created_time = self.context.format_time(row.created_ms);
        Entry { id: row.id.into(), author: row.author, text: row.text, created_time }
    }
}

impl Plugin for Guestbook {
    fn new(context: PluginContext) -> Self {
        Self { context }
    }

    fn contributions(&self) -> Contributions {
        Contributions::new()
            .migrations(migrations!())
            .setting(Setting::new("entries_max", "Entries that the book holds", 1000))
            .openapi(Api { context: self.context.clone() })
            .access("GET /guestbook", Access::Public)
            .access("DELETE /guestbook/{id}", Access::permission("guestbook:tear_out"))
            .menu(
                Menu::page("Guestbook", "/guestbook")
                    .title("Guestbook")
                    .icon("mdi:book-open-variant")
                    .child(Menu::button("GuestbookTearOut", "guestbook:tear_out").title("Tear out")),
            )
    }
}

export_plugin!(Guestbook);
