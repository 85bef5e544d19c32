//! The department and the role that come with an installation: they make way for those of the source.

use super::target::Target;
use plugin_api::db::DbError;

/// What the row was called and when it was "made", and that nobody has changed it since.
const UNTOUCHED: &str = "name = 'Test' AND created_time = 1750969746000 AND updated_time IS NULL";

/// Takes both away where nobody has begun to use them; gives how many departments and how many roles.
pub(super) async fn make_way(target: &Target) -> Result<(u64, u64), DbError> {
    let role = format!(
        "SELECT id FROM sys_role WHERE {UNTOUCHED} \
         AND NOT EXISTS (SELECT 1 FROM sys_user_role WHERE sys_user_role.role_id = sys_role.id)"
    );
    for links in ["sys_role_menu", "sys_role_data_scope"] {
        target.execute(&format!("DELETE FROM {links} WHERE role_id IN ({role})"), Vec::new()).await?;
    }
    let roles = target.execute(&format!("DELETE FROM sys_role WHERE id IN ({role})"), Vec::new()).await?;
    let dept = format!(
        "DELETE FROM sys_dept WHERE {UNTOUCHED} \
         AND NOT EXISTS (SELECT 1 FROM sys_user WHERE sys_user.dept_id = sys_dept.id) \
         AND NOT EXISTS (SELECT 1 FROM sys_dept AS below WHERE below.parent_id = sys_dept.id)"
    );
    let depts = target.execute(&dept, Vec::new()).await?;
    Ok((depts, roles))
}
