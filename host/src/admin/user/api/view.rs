//! Users as answers show them.

use crate::admin::Clock;
use crate::admin::auth::Identity;
use crate::admin::role::api::RoleDetailView;
use crate::admin::user::model::{User, UserDept};
use crate::admin::user::service::{Listed, Person};
use plugin_api::Id;
use poem_openapi::Object;

/// A user, as everybody who is logged in may see it.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "User")]
pub struct UserView {
    /// The department.
    pub dept_id: Option<Id>,
    /// The login name.
    pub username: String,
    /// The name that is shown.
    pub nickname: String,
    /// A picture's address.
    pub avatar: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// The key.
    pub id: Id,
    /// The public id.
    pub uuid: String,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// Passes every permission check.
    pub is_superuser: bool,
    /// May change things.
    pub is_staff: bool,
    /// May be logged in several times at once.
    pub is_multi_login: bool,
    /// `YYYY-MM-DD HH:MM:SS`
    pub join_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub last_login_time: Option<String>,
}

/// The user who asks.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct Me {
    /// What everybody may see.
    #[oai(flatten)]
    pub user: UserView,
    /// The department's name.
    pub dept: Option<String>,
    /// The roles' names.
    pub roles: Vec<String>,
}

/// A user with department and roles.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "UserDetail")]
pub struct UserDetailView {
    /// The user.
    #[oai(flatten)]
    pub user: UserView,
    /// The department; null without one, and for a deleted one.
    pub dept: Option<UserDeptView>,
    /// The roles.
    pub roles: Vec<RoleDetailView>,
}

/// The department of a user.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "UserDept")]
pub struct UserDeptView {
    /// What it is called.
    pub name: String,
    /// The department above.
    pub parent_id: Option<Id>,
    /// Ascending.
    pub sort: i64,
    /// Who leads it.
    pub leader: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// The key.
    pub id: Id,
    /// Always false: a deleted department is shown as none.
    pub del_flag: bool,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub updated_time: Option<String>,
}

impl Me {
    /// What the authenticator knows of the user behind the request; every change has it forget them.
    pub fn of(identity: &Identity, clock: &Clock) -> Self {
        let profile = identity.profile.clone();
        Self {
            user: UserView {
                dept_id: profile.dept_id.map(Id::from),
                username: identity.username.clone(),
                nickname: profile.nickname,
                avatar: profile.avatar,
                email: profile.email,
                phone: profile.phone,
                id: identity.user_id.into(),
                uuid: identity.uuid.clone(),
                // The sessions of a disabled user are refused.
                status: 1,
                is_superuser: identity.is_superuser,
                is_staff: identity.is_staff,
                is_multi_login: profile.is_multi_login,
                join_time: clock.format(profile.join_time),
                last_login_time: profile.last_login_time.map(|time| clock.format(time)),
            },
            dept: profile.dept,
            roles: profile.roles,
        }
    }
}

impl UserView {
    /// A row, with its times in the clock's zone.
    pub fn of(user: User, clock: &Clock) -> Self {
        Self {
            dept_id: user.dept_id.map(Id::from),
            username: user.username,
            nickname: user.nickname,
            avatar: user.avatar,
            email: user.email,
            phone: user.phone,
            id: user.id.into(),
            uuid: user.uuid,
            status: user.status,
            is_superuser: user.is_superuser,
            is_staff: user.is_staff,
            is_multi_login: user.is_multi_login,
            join_time: clock.format(user.join_time),
            last_login_time: user.last_login_time.map(|time| clock.format(time)),
        }
    }
}

impl UserDetailView {
    /// A user of a list: what the roles grant is left out.
    pub fn listed(listed: Listed, clock: &Clock) -> Self {
        Self {
            user: UserView::of(listed.user, clock),
            dept: listed.dept.map(|dept| UserDeptView::of(dept, clock)),
            roles: listed.roles.into_iter().map(|role| RoleDetailView::outline(role, clock)).collect(),
        }
    }

    /// A user with everything around.
    pub fn of(person: Person, clock: &Clock) -> Self {
        Self {
            user: UserView::of(person.user, clock),
            dept: person.dept.map(|dept| UserDeptView::of(dept, clock)),
            roles: person.roles.into_iter().map(|role| RoleDetailView::of(role, clock)).collect(),
        }
    }
}

impl UserDeptView {
    fn of(dept: UserDept, clock: &Clock) -> Self {
        Self {
            name: dept.name,
            parent_id: dept.parent_id.map(Id::from),
            sort: dept.sort,
            leader: dept.leader,
            phone: dept.phone,
            email: dept.email,
            status: dept.status,
            id: dept.id.into(),
            del_flag: dept.del_flag,
            created_time: clock.format(dept.created_time),
            updated_time: dept.updated_time.map(|time| clock.format(time)),
        }
    }
}
