// Package migrate rewrites role trust policies from V2 to V3 subjects of Ona.
//
//	m := migrate.ToV3(policy, nil)
//	fmt.Print(m.Text()) // what changes, and what each step allows
//
// Ona switches an organization from V2 to V3 at once, and an organization has tokens of one format
// only. So the role must accept both formats for a time: set [Migration.Both], switch the
// organization, and set [Migration.After] when the last V2 token has expired, one hour later.
package migrate
