//! Who works there. Addresses are of the domain that is set aside for examples (RFC 2606).

/// A department.
pub(super) struct SampleDept {
    pub(super) name: &'static str,
    /// One that stands before it in the list.
    pub(super) parent: Option<&'static str>,
    pub(super) sort: i32,
    pub(super) leader: &'static str,
    pub(super) email: &'static str,
}

/// A role.
pub(super) struct SampleRole {
    pub(super) name: &'static str,
    pub(super) remark: &'static str,
    /// Names of menu entries, pages with the directories above them and buttons with their codes.
    pub(super) entries: &'static [&'static str],
    /// Ids of seeded data scopes; without one the role's members see everything.
    pub(super) scopes: &'static [i64],
}

/// A user.
pub(super) struct SamplePerson {
    pub(super) username: &'static str,
    pub(super) nickname: &'static str,
    pub(super) dept: &'static str,
    pub(super) role: &'static str,
}

/// The seeded scope of one's own department.
const OWN_DEPARTMENT: i64 = 1;

/// Parents first.
pub(super) const DEPTS: [SampleDept; 5] = [
    dept("Headquarters", None, 1, "Grace Lin", "office@example.com"),
    dept("Engineering", Some("Headquarters"), 1, "Ravi Patel", "engineering@example.com"),
    dept("Platform", Some("Engineering"), 1, "Ida Berg", "platform@example.com"),
    dept("Sales", Some("Headquarters"), 2, "Mei Zhang", "sales@example.com"),
    dept("Support", Some("Headquarters"), 3, "Tom Okoro", "support@example.com"),
];

/// What people there may look at.
pub(super) const ROLES: [SampleRole; 3] = [
    SampleRole {
        name: "Staff",
        remark: "The dashboard, and one's own department",
        entries: &["Dashboard", "Analytics", "Workspace", "Profile", "System", "SysDept"],
        scopes: &[OWN_DEPARTMENT],
    },
    SampleRole {
        name: "Personnel",
        remark: "Everybody, in every department",
        entries: &["Dashboard", "Analytics", "Workspace", "Profile", "System", "SysDept", "SysUser", "ListSysUser"],
        scopes: &[],
    },
    SampleRole {
        name: "Auditors",
        remark: "Who did what, and how the machine is",
        entries: &[
            "Dashboard",
            "Analytics",
            "Workspace",
            "Profile",
            "Log",
            "LoginLog",
            "ListLoginLog",
            "OperaLog",
            "ListOperaLog",
            "Monitor",
            "Server",
            "LookAtServer",
        ],
        scopes: &[],
    },
];

/// Everybody.
pub(super) const PEOPLE: [SamplePerson; 7] = [
    person("grace", "Grace Lin", "Headquarters", "Personnel"),
    person("omar", "Omar Haddad", "Headquarters", "Auditors"),
    person("ravi", "Ravi Patel", "Engineering", "Staff"),
    person("ida", "Ida Berg", "Platform", "Staff"),
    person("jun", "Jun Sato", "Platform", "Staff"),
    person("mei", "Mei Zhang", "Sales", "Staff"),
    person("tom", "Tom Okoro", "Support", "Staff"),
];

const fn dept(
    name: &'static str,
    parent: Option<&'static str>,
    sort: i32,
    leader: &'static str,
    email: &'static str,
) -> SampleDept {
    SampleDept { name, parent, sort, leader, email }
}

const fn person(
    username: &'static str,
    nickname: &'static str,
    dept: &'static str,
    role: &'static str,
) -> SamplePerson {
    SamplePerson { username, nickname, dept, role }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_named_is_there() {
        for (at, dept) in DEPTS.iter().enumerate() {
            assert!(
                dept.parent.is_none_or(|parent| DEPTS[..at].iter().any(|above| above.name == parent)),
                "{}",
                dept.name
            );
        }
        for person in &PEOPLE {
            assert!(DEPTS.iter().any(|dept| dept.name == person.dept), "{}", person.username);
            assert!(ROLES.iter().any(|role| role.name == person.role), "{}", person.username);
        }
    }
}
