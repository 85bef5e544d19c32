//! What everybody may ask about themselves.

use serde_json::json;

on_both! {
    async fn a_user_sees_themselves_and_nobody_else(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&[]).await);
        server.anonymous().get("/api/v1/sys/users/me").await.refused(401);
        for (role, name) in [(admin, "admin"), (member, "member")] {
            let me = role.get("/api/v1/sys/users/me").await.ok();
            assert_eq!((&me["data"]["username"], &me["data"]["dept"]), (&json!(name), &json!(null)));
        }
    }
}
