//! Routes about logging in and out.

use super::Origin;
use super::service::{AuthService, Login, LoginError};
use crate::admin::Clock;
use crate::admin::menu::MenuService;
use crate::admin::user::api::UserView;
use crate::http::auth::USER_DISABLED;
use crate::http::{Answer, ApiError, Caller, Done, JsonBody, MaybeCaller, Message, TrustedProxies};
use poem::Request;
use poem::http::header;
use poem_openapi::{Object, OpenApi};
use std::net::IpAddr;

/// An unknown user and a wrong password get the same status and text: the two statuses of the
/// system we succeed told strangers which user names exist.
const WRONG_CREDENTIALS: Message = Message::fixed("wrong user name or password", "用户名或密码有误");

/// How long a captcha would be good, in seconds; clients read it although none is asked for.
const CAPTCHA_SECONDS: i32 = 300;
/// One transparent pixel: clients read a picture although they show none.
const CAPTCHA_PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=";

/// `/auth`
pub struct AuthApi {
    sessions: AuthService,
    menus: MenuService,
    clock: Clock,
    proxies: TrustedProxies,
}

/// Who wants to log in.
#[derive(Debug, Object)]
pub struct LoginInput {
    /// The login name.
    #[oai(validator(max_length = 64))]
    pub username: String,
    /// The password.
    #[oai(validator(max_length = 256))]
    pub password: String,
    /// Of the captcha, where one is asked for.
    pub uuid: Option<String>,
    /// What the captcha shows, where one is asked for.
    pub captcha: Option<String>,
}

/// A session that has just begun.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Login")]
pub struct LoginView {
    /// For the header `Authorization: Bearer …`.
    pub access_token: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub access_token_expire_time: String,
    /// The session.
    pub session_uuid: String,
    /// Always null: passwords don't expire.
    pub password_expire_days_remaining: Option<i32>,
    /// The user.
    pub user: UserView,
}

/// What the login page asks before it shows itself.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct Captcha {
    /// Always false: none is asked for.
    pub is_enabled: bool,
    /// How long it is good.
    pub expire_seconds: i32,
    /// Its id.
    pub uuid: String,
    /// A picture in base64.
    pub image: String,
}

impl AuthApi {
    /// The routes over `sessions`.
    pub fn new(sessions: AuthService, menus: MenuService, clock: Clock, proxies: Vec<IpAddr>) -> Self {
        Self { sessions, menus, clock, proxies: TrustedProxies::new(proxies) }
    }

    fn view(&self, login: Login) -> LoginView {
        LoginView {
            access_token: login.access_token,
            access_token_expire_time: self.clock.format(login.expire_time),
            session_uuid: login.session.to_string(),
            password_expire_days_remaining: None,
            user: UserView::of(login.user, &self.clock),
        }
    }
}

/// Logging in and out
#[OpenApi]
impl AuthApi {
    /// Whether the login page has to show a captcha
    #[oai(path = "/auth/captcha", method = "get", operation_id = "get_captcha")]
    async fn captcha(&self) -> Answer<Captcha> {
        Answer::of(Captcha {
            is_enabled: false,
            expire_seconds: CAPTCHA_SECONDS,
            uuid: uuid::Uuid::new_v4().to_string(),
            image: CAPTCHA_PIXEL.to_owned(),
        })
    }

    /// Log in
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(&self, request: &Request, input: JsonBody<LoginInput>) -> Result<Answer<LoginView>, ApiError> {
        let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let origin = Origin::new(self.proxies.client(request), agent);
        let JsonBody(input) = input;
        let login = self.sessions.login(&input.username, &input.password, origin).await?;
        Ok(Answer::of(self.view(login)))
    }

    /// Log out
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout")]
    async fn logout(&self, caller: MaybeCaller) -> Result<Done, ApiError> {
        if let Some(identity) = caller.0 {
            self.sessions.logout(&identity).await.map_err(ApiError::internal)?;
        }
        Ok(Done::done())
    }

    /// The permission codes of the user who asks
    #[oai(path = "/auth/codes", method = "get", operation_id = "get_codes")]
    async fn codes(&self, caller: Caller) -> Result<Answer<Vec<String>>, ApiError> {
        let codes = self.menus.codes(&caller.0).await.map_err(ApiError::internal)?;
        Ok(Answer::of(codes))
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::WrongCredentials => Self::forbidden(WRONG_CREDENTIALS),
            LoginError::Disabled => Self::forbidden(USER_DISABLED),
            other => Self::internal(other),
        }
    }
}
