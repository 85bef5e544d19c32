//! The caller as a handler's argument, and refusals as HTTP.

use super::{ApiError, Message, context};
use crate::admin::auth::{AccessError, AuthError, Authenticator, Identity, authorise, authorise_superuser};
use plugin_api::descriptor::Access;
use poem::http::Method;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaSecurityScheme, Registry};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use std::marker::PhantomData;
use std::sync::Arc;

/// The name of the security scheme in the OpenAPI document.
pub const SECURITY_SCHEME: &str = "bearer";

/// A logged-in user: a handler with this argument needs a valid token (401 without).
#[derive(Debug, Clone)]
pub struct Caller(pub Arc<Identity>);

/// A super-user who is staff: a handler with this argument refuses everybody else (401, 403).
#[derive(Debug, Clone)]
pub struct SuperCaller(pub Arc<Identity>);

/// The user, if the request carries a token; a bad token is still a 401.
#[derive(Debug, Clone)]
pub struct MaybeCaller(pub Option<Arc<Identity>>);

impl Caller {
    /// Asks for the permission to look at something.
    ///
    /// # Errors
    /// The 403 of the first rule that refuses.
    pub fn may_read<P: Permission>(&self) -> Result<(), ApiError> {
        Ok(authorise(Some(&self.0), &Access::permission(P::CODE), &Method::GET)?)
    }
}

/// A code that a role's menus grant, as a type, so that a handler names it in its signature.
/// [`permissions!`](crate::permissions) declares them.
pub trait Permission: Send + Sync + 'static {
    /// The code.
    const CODE: &'static str;
}

/// A user with a permission. As a handler's first argument it refuses everybody else (401, 403) before
/// anything else of the request is looked at.
#[derive(Debug, Clone)]
pub struct Allowed<P>(pub Arc<Identity>, PhantomData<P>);

/// Declares permissions: `permissions! { AddDept = "sys:dept:add" }`.
#[macro_export]
macro_rules! permissions {
    ($($name:ident = $code:literal),+ $(,)?) => {
        $(
            #[doc = concat!("`", $code, "`")]
            #[derive(Debug, Clone)]
            pub struct $name;

            impl $crate::http::Permission for $name {
                const CODE: &'static str = $code;
            }
        )+
    };
}

async fn identify(request: &Request) -> Result<Option<Arc<Identity>>, ApiError> {
    let authenticator =
        request.data::<Arc<Authenticator>>().expect("the core's routes carry the authenticator as data (http::routes)");
    let identity = authenticator.identify(request.headers()).await?;
    if let Some(identity) = &identity {
        context::note(|seen| seen.user = Some(Arc::clone(identity)));
    }
    Ok(identity)
}

macro_rules! bearer_extractor {
    ($extractor:ty $(where $permission:ident)?, $from:expr) => {
        impl<'a $(, $permission: Permission)?> ApiExtractor<'a> for $extractor {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];
            type ParamType = ();
            type ParamRawType = ();

            fn register(registry: &mut Registry) {
                registry.create_security_scheme(SECURITY_SCHEME, scheme());
            }

            fn security_schemes() -> Vec<&'static str> {
                vec![SECURITY_SCHEME]
            }

            async fn from_request(
                request: &'a Request,
                _body: &mut RequestBody,
                _options: ExtractParamOptions<()>,
            ) -> poem::Result<Self> {
                let identity = identify(request).await?;
                let from: fn(Option<Arc<Identity>>, &Method) -> Result<Self, ApiError> = $from;
                Ok(from(identity, request.method())?)
            }
        }
    };
}

bearer_extractor!(Caller, |identity, _| { identity.map(Self).ok_or_else(|| AccessError::NotAuthenticated.into()) });
bearer_extractor!(SuperCaller, |identity, _| {
    authorise_superuser(identity.as_deref())?;
    identity.map(Self).ok_or_else(|| AccessError::NotAuthenticated.into())
});
bearer_extractor!(Allowed<P> where P, |identity, method| {
    authorise(identity.as_deref(), &Access::permission(P::CODE), method)?;
    identity.map(|identity| Self(identity, PhantomData)).ok_or_else(|| AccessError::NotAuthenticated.into())
});
bearer_extractor!(MaybeCaller, |identity, _| Ok(Self(identity)));

fn scheme() -> MetaSecurityScheme {
    MetaSecurityScheme {
        ty: "http",
        description: Some("The access token of POST /api/v1/auth/login"),
        name: None,
        key_in: None,
        scheme: Some("bearer"),
        bearer_format: Some("JWT"),
        flows: None,
        openid_connect_url: None,
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let message = match error {
            AuthError::Invalid => Message::fixed("Token invalid", "Token 无效"),
            AuthError::Expired => Message::fixed("Token expired", "Token 已过期"),
            AuthError::UserDisabled => return Self::forbidden(USER_DISABLED),
            AuthError::DeptDisabled => {
                return Self::forbidden(Message::fixed(
                    "the user's department is disabled; ask an administrator",
                    "用户所属部门已被锁定，请联系系统管理员",
                ));
            }
            AuthError::RolesDisabled => return Self::forbidden(NO_ROLE),
            AuthError::Storage(error) => return Self::internal(error),
        };
        Self::unauthorized(message)
    }
}

/// A disabled account, at login and with a token.
pub const USER_DISABLED: Message =
    Message::fixed("the user is disabled; ask an administrator", "用户已被锁定，请联系系统管理员");

const NO_ROLE: Message =
    Message::fixed("the user has no enabled role; ask an administrator", "用户所属角色已被锁定，请联系系统管理员");

impl From<AccessError> for ApiError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotAuthenticated => {
                Self::unauthorized(Message::fixed("Not authenticated", "Not authenticated"))
            }
            AccessError::NoRole => Self::forbidden(NO_ROLE),
            AccessError::NoMenu => Self::forbidden(Message::fixed(
                "no menu is assigned to the user; ask an administrator",
                "用户未分配菜单，请联系系统管理员",
            )),
            AccessError::NotStaff => Self::forbidden(Message::fixed(
                "the user may not change anything; ask an administrator",
                "用户已被禁止后台管理操作，请联系系统管理员",
            )),
            AccessError::Denied => Self::forbidden(Message::fixed("Permission Denied", "Permission Denied")),
        }
    }
}
