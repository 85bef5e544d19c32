//! What an examination of plugins' remains answers.

use crate::http::{Context, Language};
use crate::plugin::doctor::{Diagnosis, Finding, Problem, Repaired};
use poem_openapi::Object;

/// What was found, and what was done about it.
#[derive(Debug, Clone, Object)]
pub struct DiagnosisDto {
    /// What is not as it should be.
    pub faults: Vec<FindingDto>,
    /// What uninstalled plugins have left on purpose; installing or purging them is what ends it.
    pub kept: Vec<FindingDto>,
    /// What a repair has done; empty where none was asked for.
    pub repaired: Vec<RepairedDto>,
}

/// One thing that was found.
#[derive(Debug, Clone, Object)]
pub struct FindingDto {
    /// `plugin`, `ledger`, `table`, `menu`, `grant`, `setting`, `version`, `data_rule`, `bundle`, `library`, `snapshot`
    /// or `operation`.
    pub subject: String,
    /// Which one.
    pub name: String,
    /// The plugin that it is of, or was.
    pub plugin: Option<String>,
    /// `no_owner`, `kept`, `missing`, `damaged`, `dangling`, `unfinished` or `unreadable`.
    pub problem: String,
    /// The same in words.
    pub text: String,
    /// Whether a repair can do something about it.
    pub repairable: bool,
}

/// What became of one finding.
#[derive(Debug, Clone, Object)]
pub struct RepairedDto {
    /// What had been found.
    #[oai(flatten)]
    pub finding: FindingDto,
    /// Whether it is mended.
    pub done: bool,
    /// Why not.
    pub failure: Option<String>,
}

impl DiagnosisDto {
    /// What is told, in the language of the running request, else in English.
    #[must_use]
    pub fn of(diagnosis: &Diagnosis, repaired: &[Repaired]) -> Self {
        let language = Context::current().map_or(Language::English, |context| context.language);
        let told = |findings: &[Finding]| findings.iter().map(|finding| FindingDto::of(finding, language)).collect();
        let repaired = repaired.iter().map(|repaired| RepairedDto {
            finding: FindingDto::of(&repaired.finding, language),
            done: repaired.failure.is_none(),
            failure: repaired.failure.clone(),
        });
        Self { faults: told(&diagnosis.faults), kept: told(&diagnosis.kept), repaired: repaired.collect() }
    }
}

impl FindingDto {
    fn of(finding: &Finding, language: Language) -> Self {
        let Finding { subject, name, plugin, problem, .. } = finding;
        let text = match language {
            Language::English => english(problem),
            Language::Chinese => chinese(problem),
        };
        Self {
            subject: subject.as_str().to_owned(),
            name: name.clone(),
            plugin: plugin.clone(),
            problem: problem.as_str().to_owned(),
            text,
            repairable: finding.is_repairable(),
        }
    }
}

fn english(problem: &Problem) -> String {
    match problem {
        Problem::NoOwner => "no plugin owns it".to_owned(),
        Problem::Kept => "kept when its plugin was uninstalled".to_owned(),
        Problem::Missing => "it is not there; install that version again".to_owned(),
        Problem::Damaged => "its bytes are not those that were stored; install that version again".to_owned(),
        Problem::Dangling => "what it names does not exist".to_owned(),
        Problem::Unfinished => {
            "it was cut off; the next start of the server, change of plugins or repair on a running server ends it"
                .to_owned()
        }
        Problem::Unreadable(why) => format!("it can't be read: {why}"),
    }
}

fn chinese(problem: &Problem) -> String {
    match problem {
        Problem::NoOwner => "不属于任何插件".to_owned(),
        Problem::Kept => "插件卸载时保留".to_owned(),
        Problem::Missing => "文件或数据缺失，请重新安装该版本".to_owned(),
        Problem::Damaged => "内容已损坏，请重新安装该版本".to_owned(),
        Problem::Dangling => "所引用的对象不存在".to_owned(),
        Problem::Unfinished => "操作中断，将在下次启动、变更插件或在线修复时自动处理".to_owned(),
        Problem::Unreadable(why) => format!("无法读取：{why}"),
    }
}
