// Package rds_test uses tokens for RDS as passwords of a PostgreSQL server.
package rds_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/internal/interop/program"
)

const (
	roleARN = "arn:aws:iam::123456789012:role/app"
	session = 4 * time.Second // the lifetime of credentials
)

// A world has an STS, a role with short sessions, and a database that accepts tokens of this STS.
type world struct {
	Issuer   *idptest.Issuer
	STS      *awsfedtest.STS
	Provider *awsfed.Provider
	Config   aws.Config
	DB       *database

	mu     sync.Mutex
	tokens map[string]bool // those with which somebody logged in
}

func newWorld(t *testing.T) *world {
	t.Helper()
	iss := idptest.NewIssuer(t, nil)
	provider, err := trust.ProviderARN("aws", "123456789012", iss.URL)
	if err != nil {
		t.Fatal(err)
	}
	policy := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Effect: trust.Allow, Principal: trust.Principal{Federated: []string{provider}}, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		Conditions: []trust.Condition{{Operator: "StringEquals", Key: trust.ConditionKey(iss.URL, "aud"), Values: []string{"sts.amazonaws.com"}}},
	}}}
	w := &world{Issuer: iss, tokens: map[string]bool{}}
	w.STS, err = awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient:  iss.Client(),
		Providers:   []awsfedtest.Provider{{URL: iss.URL, ClientIDs: []string{"sts.amazonaws.com"}, Account: "123456789012"}},
		Roles:       []awsfedtest.Role{{ARN: roleARN, TrustPolicy: policy, MaxSessionDuration: session}},
		MinDuration: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.STS.Handle("rds-db", http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w.Provider, err = awsfed.New(w.STS, roleARN, iss.TokenSource("sts.amazonaws.com"))
	if err != nil {
		t.Fatal(err)
	}
	w.Config = aws.Config{Region: "us-east-1", Credentials: w.Provider}
	w.DB = newDatabase(t, w.check)
	return w
}

// check accepts a token as RDS does: it must be a request of the user for this database, signed with
// valid credentials.
func (w *world) check(user, password string) bool {
	u, err := url.Parse("https://" + password)
	if err != nil || w.DB == nil || u.Host != w.DB.endpoint || u.Query().Get("Action") != "connect" || u.Query().Get("DBUser") != user {
		return false
	}
	resp, err := w.STS.HTTPClient().Get(u.String())
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens[password] = true
	return true
}

func (w *world) source(t *testing.T, user string) *authtoken.Source {
	t.Helper()
	s, err := authtoken.RDS(w.Config, w.DB.endpoint, user)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) token(t *testing.T, user string) string {
	t.Helper()
	tok, err := w.source(t, user).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tok.Raw()
}

// url returns the URL of the database for pgx and psql.
func (d *database) url(user string) string {
	return "postgres://" + user + "@" + d.endpoint + "/postgres?sslmode=verify-full&sslrootcert=" + d.ca
}

// loginPgx and loginPsql run a query as the user, and return the error of the client.
func loginPgx(t *testing.T, d *database, user, password string) error {
	t.Helper()
	c, err := pgx.ParseConfig(d.url(user))
	if err != nil {
		t.Fatal(err)
	}
	c.Password = password
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		return err
	}
	defer conn.Close(t.Context())
	var got string
	if err := conn.QueryRow(t.Context(), "select current_user").Scan(&got); err != nil || got != user {
		t.Errorf("pgx: current_user = %q, %v, want %q", got, err, user)
	}
	return nil
}

func loginPsql(t *testing.T, d *database, user, password string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), programs+"psql", "--no-psqlrc", "--tuples-only", "--no-align", "-c", "select current_user", d.url(user))
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PGPASSWORD=" + password}
	out, err := program.Run(cmd)
	if err == nil && strings.TrimSpace(string(out)) != user {
		t.Errorf("psql: current_user = %q, want %q", out, user)
	}
	return err
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, login := range map[string]func(*testing.T, *database, string, string) error{"pgx": loginPgx, "psql": loginPsql} {
		raw := w.token(t, "app")
		if err := login(t, w.DB, "app", raw); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		other := w.token(t, "other")
		for reason, password := range map[string]string{
			"altered": raw[:len(raw)-1] + string('0'+(raw[len(raw)-1]-'0'+1)%10), "of another user": other, "missing": "", "long": raw + "&" + strings.Repeat("a", 40_000),
			"with a later date": strings.Replace(raw, "X-Amz-Expires=900", "X-Amz-Expires=9000", 1),
		} {
			if err := login(t, w.DB, "app", password); err == nil {
				t.Errorf("%s: a token that is %s is accepted", name, reason)
			}
		}
		w.STS.SkewClock(session + time.Second) // the credentials end
		if err := login(t, w.DB, "app", raw); err == nil {
			t.Errorf("%s: a token of expired credentials is accepted", name)
		}
		w.STS.SkewClock(0)
	}
}

// A pool makes new connections all the time, while credentials expire.
func TestPoolAcrossRefreshes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tokens := w.source(t, "app")
	c, err := pgxpool.ParseConfig(w.DB.url("app"))
	if err != nil {
		t.Fatal(err)
	}
	c.MaxConns, c.MaxConnLifetime = 4, 200*time.Millisecond
	c.BeforeConnect = func(ctx context.Context, c *pgx.ConnConfig) error {
		tok, err := tokens.Token(ctx)
		c.Password = tok.Raw()
		return err
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var group sync.WaitGroup
	end := time.Now().Add(3 * session)
	for range 4 {
		group.Go(func() {
			for time.Now().Before(end) {
				var user string
				if err := pool.QueryRow(t.Context(), "select current_user").Scan(&user); err != nil || user != "app" {
					t.Errorf("current_user = %q, %v, want app", user, err)
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		})
	}
	group.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	t.Logf("%d connections logged in with %d tokens", pool.Stat().NewConnsCount(), len(w.tokens))
	if len(w.tokens) < 3 || pool.Stat().NewConnsCount() < 20 {
		t.Errorf("%d tokens for %d connections, want at least 3 and 20", len(w.tokens), pool.Stat().NewConnsCount())
	}
}

// Our token has the fields of that of "aws rds generate-db-auth-token".
func TestSameFieldsAsTheCLI(t *testing.T) {
	t.Parallel()
	cfg := aws.Config{Region: "us-east-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return creds(), nil })}
	source, err := authtoken.RDS(cfg, "db.abc.us-east-1.rds.amazonaws.com:5432", "app user+1")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := source.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sameFields(t, theirToken(t, creds()), tok.Raw())
}

// creds returns credentials that no service accepts.
func creds() aws.Credentials {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret", SessionToken: "a+session/token=="}
}

// theirToken returns a token of "aws rds generate-db-auth-token".
func theirToken(t *testing.T, c aws.Credentials) string {
	t.Helper()
	const cli = "/usr/bin/aws" // Debian's
	program.Need(t, cli)
	cmd := exec.CommandContext(t.Context(), cli, "rds", "generate-db-auth-token", "--hostname", "db.abc.us-east-1.rds.amazonaws.com", "--port", "5432", "--username", "app user+1", "--region", "us-east-1")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken,
	}
	out, err := program.Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// sameFields compares two tokens, without the time, the signature and the fields that may differ.
func sameFields(t *testing.T, theirToken, ourToken string, differ ...string) {
	t.Helper()
	fields := func(raw string) (string, url.Values) {
		u, err := url.Parse("https://" + strings.TrimSpace(raw))
		if err != nil {
			t.Fatal(err)
		}
		query := u.Query()
		for _, name := range append(differ, "X-Amz-Date", "X-Amz-Signature") {
			if query.Get(name) == "" {
				t.Errorf("no %s", name)
			}
			query.Set(name, "")
		}
		return u.Host, query
	}
	theirHost, theirs := fields(theirToken)
	ourHost, ours := fields(ourToken)
	if diff := cmp.Diff(theirs, ours); diff != "" || theirHost != ourHost {
		t.Errorf("host %s and %s, parameters (-theirs +ours):\n%s", theirHost, ourHost, diff)
	}
}
