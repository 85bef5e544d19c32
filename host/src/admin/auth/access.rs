//! The one place that decides whether somebody may call a route, the core's or a plugin's.

use super::Identity;
use http::Method;
use plugin_api::descriptor::Access;

/// Why somebody may not call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// There is no token.
    #[error("not authenticated")]
    NotAuthenticated,
    /// No role, or every role of the user is disabled.
    #[error("no enabled role")]
    NoRole,
    /// The user's roles have no menu.
    #[error("no menu assigned")]
    NoMenu,
    /// The request would change something, and the user is no staff.
    #[error("not staff")]
    NotStaff,
    /// The permission code is not among the user's.
    #[error("permission denied")]
    Denied,
}

/// Decides about one call of a route, in the order of the contract (section 3.4).
///
/// `identity` is None when the request carries no token; an invalid token is refused before this.
///
/// # Errors
/// The first rule that refuses.
pub fn authorise(identity: Option<&Identity>, access: &Access, method: &Method) -> Result<(), AccessError> {
    let code = match access {
        Access::Public => return Ok(()),
        Access::Authenticated => return identity.map(drop).ok_or(AccessError::NotAuthenticated),
        Access::Permission(code) => code,
    };
    let identity = identity.ok_or(AccessError::NotAuthenticated)?;
    if identity.is_superuser {
        return Ok(());
    }
    if !identity.has_roles {
        return Err(AccessError::NoRole);
    }
    if !identity.has_menus {
        return Err(AccessError::NoMenu);
    }
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && !identity.is_staff {
        return Err(AccessError::NotStaff);
    }
    if identity.permissions.contains(code) { Ok(()) } else { Err(AccessError::Denied) }
}

/// Decides about the routes that need a super-user who is staff.
///
/// # Errors
/// [`AccessError::NotAuthenticated`] or [`AccessError::Denied`].
pub fn authorise_superuser(identity: Option<&Identity>) -> Result<(), AccessError> {
    let identity = identity.ok_or(AccessError::NotAuthenticated)?;
    if identity.is_superuser && identity.is_staff { Ok(()) } else { Err(AccessError::Denied) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::auth::Profile;
    use std::collections::HashSet;
    use std::sync::Arc;
    use uuid::Uuid;

    fn user() -> Identity {
        Identity {
            user_id: 2,
            uuid: "u".to_owned(),
            username: "bob".to_owned(),
            is_superuser: false,
            is_staff: true,
            permissions: Arc::new(HashSet::from(["sys:role:add".to_owned()])),
            session: Uuid::nil(),
            has_roles: true,
            has_menus: true,
            profile: Profile::default(),
        }
    }

    fn needs(code: &str) -> Access {
        Access::Permission(code.to_owned())
    }

    #[test]
    fn rules_apply_in_the_order_of_the_contract() {
        let root = Identity { is_superuser: true, has_roles: false, is_staff: false, ..user() };
        let roleless = Identity { has_roles: false, has_menus: false, is_staff: false, ..user() };
        let menuless = Identity { has_menus: false, is_staff: false, ..user() };
        let reader = Identity { is_staff: false, ..user() };
        let cases = [
            (None, Access::Public, Method::POST, Ok(())),
            (None, Access::Authenticated, Method::GET, Err(AccessError::NotAuthenticated)),
            (None, needs("x"), Method::GET, Err(AccessError::NotAuthenticated)),
            (Some(&roleless), Access::Authenticated, Method::POST, Ok(())),
            (Some(&root), needs("x"), Method::POST, Ok(())),
            (Some(&roleless), needs("x"), Method::POST, Err(AccessError::NoRole)),
            (Some(&menuless), needs("x"), Method::POST, Err(AccessError::NoMenu)),
            (Some(&reader), needs("sys:role:add"), Method::POST, Err(AccessError::NotStaff)),
            (Some(&reader), needs("sys:role:add"), Method::GET, Ok(())),
            (Some(&reader), needs("x"), Method::GET, Err(AccessError::Denied)),
        ];
        for (identity, access, method, expected) in cases {
            assert_eq!(authorise(identity, &access, &method), expected, "{access:?} {method}");
        }
    }

    #[test]
    fn a_superuser_who_is_no_staff_is_not_enough() {
        let root = Identity { is_superuser: true, ..user() };
        let retired = Identity { is_staff: false, ..root.clone() };
        assert_eq!(authorise_superuser(Some(&root)), Ok(()));
        assert_eq!(authorise_superuser(Some(&retired)), Err(AccessError::Denied));
        assert_eq!(authorise_superuser(Some(&user())), Err(AccessError::Denied));
        assert_eq!(authorise_superuser(None), Err(AccessError::NotAuthenticated));
    }
}
