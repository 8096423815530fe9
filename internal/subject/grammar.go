package subject

// Version is the version of a token format of Ona.
type Version uint8

// The versions. NoVersion means that no subject of Ona begins like the text.
const (
	NoVersion Version = iota
	V1
	V2
	V3
)

// Grammar describes one way in which a claim of an issuer's tokens names the tenant. A claim can
// have several.
type Grammar struct {
	Host  string // the issuer, without "https://"
	Claim string // the claim, for example "sub"
	Start string // the text before the tenant
	Form  Form   // of the tenant: ID, Text, Opaque or Custom
	// Separator is the byte that ends the tenant. 0 means that the tenant ends with the claim.
	Separator byte
	Version   Version // of Ona's subjects
}

// onaHost is the issuer that Ona shares among its organizations.
const onaHost = "app.gitpod.io"

// ona returns the grammars of Ona.
//
// V2 and V3 are documented by Ona. V1 is not documented: its grammar comes from an example token in
// Ona's dashboard. The V3 subjects of runners are not documented either; they may begin with one of
// the last two names.
func ona() [9]Grammar {
	return [...]Grammar{
		{onaHost, "sub", "org:", ID, '/', V2},
		{onaHost, "sub", "organization_id:", ID, ':', V3},
		{onaHost, "sub", "account_id:", ID, ':', V3},
		{onaHost, "sub", "environment:", ID, ':', V1},
		{onaHost, "sub", "user:", ID, ':', V1},
		{onaHost, "sub", "serviceaccount:", ID, ':', V1},
		{onaHost, "sub", "account:", ID, ':', V1},
		{onaHost, "sub", "runner:", ID, ':', NoVersion},
		{onaHost, "sub", "runner_id:", ID, ':', NoVersion},
	}
}

// claim returns the claim that the pair with this name holds, or "" if its value is not an ID.
func (v Version) claim(name string) string {
	if v == V3 && FormOf(name) == ID {
		return name
	}
	if v != V2 {
		return ""
	}
	switch name {
	case "org":
		return "organization_id"
	case "prj":
		return "project_id"
	case "env":
		return "environment_id"
	case "user":
		return "user_id"
	case "rnr":
		return "runner_id"
	case "usr":
		return "usr" // a second spelling of user, which no documented token has
	default:
		return ""
	}
}

// complete returns the claims of whole subjects, joined by slashes. V3 subjects may continue with
// extra fields.
func (v Version) complete() [5]string {
	switch v {
	case V2:
		return [...]string{
			"organization_id/project_id/environment_id", "organization_id/environment_id",
			"organization_id/user_id", "organization_id/runner_id", "",
		}
	case V3:
		return [...]string{
			"organization_id/project_id", "organization_id/environment_id",
			"organization_id/user_id", "organization_id/service_account_id", "account_id",
		}
	default:
		return [5]string{}
	}
}
