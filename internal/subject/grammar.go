package subject

// Version is the version of a token format of Ona.
type Version uint8

// The versions. NoVersion is the version of text that no subject begins with.
const (
	NoVersion Version = iota
	V1
	V2
	V3
)

// Grammar describes the subjects of one version of an issuer's tokens: pairs of a name and a value.
// The first pair names the tenant that the token belongs to.
type Grammar struct {
	Version   Version
	Tenants   []string // the names that a subject can begin with
	Form      Form     // of the tenant: ID, or Text that ends before the separator
	Separator byte     // between two pairs

	// Names are the names of the pairs that have an ID as value, and the claims that they hold. Nil
	// means the fields of V3 subjects, which have the names of their claims.
	Names []Name
	// Complete lists the claims of whole subjects, joined by slashes. It is nil if they are not
	// known. V3 subjects may continue with extra fields.
	Complete []string
}

// Name is the name of a pair, and the claim that the pair holds.
type Name struct{ Name, Claim string }

// Ona returns the grammars of the issuer https://app.gitpod.io.
//
// V2 and V3 are documented by Ona. V1 is not: its grammar is that of a token which Ona's dashboard
// shows as an example. The V3 subjects of runners are not documented either; they may begin with
// one of the names of the last grammar.
func Ona() []Grammar {
	return []Grammar{
		{
			Version: V2, Tenants: []string{"org"}, Form: ID, Separator: '/',
			Names: []Name{
				{"org", "organization_id"},
				{"prj", "project_id"},
				{"env", "environment_id"},
				{"user", "user_id"},
				{"rnr", "runner_id"},
				{"usr", "usr"}, // a second spelling of user, which no documented token has
			},
			Complete: []string{
				"organization_id/project_id/environment_id", "organization_id/environment_id",
				"organization_id/user_id", "organization_id/runner_id",
			},
		},
		{
			Version: V3, Tenants: []string{"organization_id", "account_id"}, Form: ID, Separator: ':',
			Complete: []string{
				"organization_id/project_id", "organization_id/environment_id",
				"organization_id/user_id", "organization_id/service_account_id", "account_id",
			},
		},
		{Version: V1, Tenants: []string{"environment", "user", "serviceaccount", "account"}, Form: ID, Separator: ':'},
		{Tenants: []string{"runner", "runner_id"}, Form: ID, Separator: ':'},
	}
}

// claim returns the claim that the pair with this name holds, or "" if its value is not an ID.
func (g Grammar) claim(name string) string {
	if g.Names == nil && FormOf(name) == ID {
		return name
	}
	for _, n := range g.Names {
		if n.Name == name {
			return n.Claim
		}
	}
	return ""
}
