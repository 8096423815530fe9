// Package authtoken makes the tokens of AWS services that authenticate with a signed request: EKS,
// RDS and Aurora, Aurora DSQL, ElastiCache and MemoryDB. Package authtoken/ecr does the same for
// ECR.
//
// Each function returns a [Source]. Use the text of its current token as the password:
//
//	tokens, err := authtoken.RDS(cfg, "db.abc.eu-central-1.rds.amazonaws.com:5432", "app")
//	if err != nil {
//		return err
//	}
//	t, err := tokens.Token(ctx) // for each connection
//	if err != nil {
//		return err
//	}
//	password := t.Raw()
//
// The credentials and the region are those of cfg, for example from awsfed.LoadConfig. Assign an
// awsfed.Provider to cfg.Credentials directly, not inside an aws.CredentialsCache, which does not
// return the expiration that STS set.
//
// # Expiry
//
// A token is signed with temporary credentials, and the service refuses it when they have expired.
// So a token never outlives its credentials: [Token.Expiry] is the end of the token or of the
// credentials, whichever is earlier. If the credentials are valid for less than 5 minutes, a source
// refreshes them before it signs. [New] has the details.
//
// A service checks the token of a database or a cache when the connection is made. The connection
// stays open after the expiry.
//
// # Caching
//
// A source keeps one token, which all callers share. Before the token expires, the source replaces
// it in the background and still returns the old token, so callers almost never wait. This begins 5
// minutes before the expiry for a token that is valid for up to 20 minutes, 15 minutes for less
// than 90 minutes, and otherwise 60 minutes, plus a random part of up to a quarter. It is at most
// half of the time for which the token is valid. Making a token sends no request, except to get
// credentials.
//
// # Secrets
//
// A [Token] is a secret. Only [Token.Raw] returns its text; fmt, log/slog and encoders write a
// description.
package authtoken
