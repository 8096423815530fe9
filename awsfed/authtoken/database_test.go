package authtoken_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/awsfed/awsfedtest"
)

// presigned are the tokens that are a URL without its scheme.
var presigned = []struct {
	name    string
	source  func(aws.Config) (*authtoken.Source, error)
	host    string
	service string
	params  map[string]string
}{
	{
		"RDS", func(c aws.Config) (*authtoken.Source, error) { return authtoken.RDS(c, rdsHost, "app user+1") }, rdsHost, "rds-db",
		map[string]string{"Action": "connect", "DBUser": "app user+1"},
	},
	{"DSQL", func(c aws.Config) (*authtoken.Source, error) {
		return authtoken.DSQL(c, "abc.dsql.eu-central-1.on.aws", "app")
	}, "abc.dsql.eu-central-1.on.aws", "dsql", map[string]string{"Action": "DbConnect"}},
	{"DSQL for the administrator", func(c aws.Config) (*authtoken.Source, error) {
		return authtoken.DSQL(c, "abc.dsql.eu-central-1.on.aws", "admin")
	}, "abc.dsql.eu-central-1.on.aws", "dsql", map[string]string{"Action": "DbConnectAdmin"}},
	{
		"ElastiCache", func(c aws.Config) (*authtoken.Source, error) { return authtoken.ElastiCache(c, "My-Cache", "app") }, "my-cache", "elasticache",
		map[string]string{"Action": "connect", "User": "app"},
	},
	{"ElastiCacheServerless", func(c aws.Config) (*authtoken.Source, error) {
		return authtoken.ElastiCacheServerless(c, "my-cache", "app")
	}, "my-cache", "elasticache", map[string]string{"Action": "connect", "User": "app", "ResourceType": "ServerlessCache"}},
	{
		"MemoryDB", func(c aws.Config) (*authtoken.Source, error) { return authtoken.MemoryDB(c, "my-cluster", "app") }, "my-cluster", "memorydb",
		map[string]string{"Action": "connect", "User": "app"},
	},
}

// The parameters are those that AWS documents, and the signature is valid.
func TestPresignedTokens(t *testing.T) {
	t.Parallel()
	for _, tt := range presigned {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fake, cfg := newSTS(t)
				s, err := tt.source(cfg)
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				tok := token(t, s)
				if got := tok.Expiry().Sub(begin); got != 15*time.Minute {
					t.Errorf("the token is valid for %v, want 15m0s", got)
				}
				host, params := query(t, tok.Raw())
				got := map[string]string{}
				for name, values := range params {
					got[name] = strings.Join(values, "|")
				}
				for _, secret := range []string{"X-Amz-Signature", "X-Amz-Security-Token"} {
					if got[secret] == "" {
						t.Errorf("the token has no %s", secret)
					}
					delete(got, secret)
				}
				date := begin.UTC().Format("20060102T150405Z")
				want := map[string]string{
					"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": date, "X-Amz-Expires": "900", "X-Amz-SignedHeaders": "host",
					"X-Amz-Credential": accessKey(t, tok) + "/" + date[:8] + "/eu-central-1/" + tt.service + "/aws4_request",
				}
				for name, value := range tt.params {
					want[name] = value
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("parameters (-want +got):\n%s", diff)
				}
				if host != tt.host {
					t.Errorf("host = %q, want %q", host, tt.host)
				}
				fake.Handle(tt.service, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
				check(t, fake, tok.Raw(), true)
				check(t, fake, strings.Replace(tok.Raw(), "eu-central-1%2F", "eu-central-2%2F", 1), false)
				time.Sleep(15*time.Minute + time.Second)
				check(t, fake, tok.Raw(), false)
			})
		})
	}
}

// check sends a token as a request to its service, which verifies the signature.
func check(t *testing.T, fake *awsfedtest.STS, raw string, valid bool) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+raw, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := fake.HTTPClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if (resp.StatusCode == http.StatusOK) != valid {
		body, _ := io.ReadAll(resp.Body)
		t.Errorf("the service responds with status %d, want that it accepts the token: %v\n%s", resp.StatusCode, valid, body)
	}
}

func TestOptionErrors(t *testing.T) {
	t.Parallel()
	ok := config(static())
	none, anonymous, nowhere := config(nil), config(aws.AnonymousCredentials{}), aws.Config{Credentials: static()}
	tests := []struct {
		fn, option, reason string
		source             func() (*authtoken.Source, error)
	}{
		{"New", "creds", "is nil", func() (*authtoken.Source, error) { return authtoken.New(nil, nil) }},
		{"New", "sign", "is nil", func() (*authtoken.Source, error) { return authtoken.New(static(), nil) }},
		{"RDS", "endpoint", `"db": want a host and a port, such as "db.example.com:5432"`, rdsSource(ok, "db", "app")},
		{"RDS", "endpoint", `has no host`, rdsSource(ok, ":5432", "app")},
		{"RDS", "endpoint", `the port "" is not a number from 1 to 65535`, rdsSource(ok, "db:", "app")},
		{"RDS", "endpoint", `the port "65536" is not a number from 1 to 65535`, rdsSource(ok, "db:65536", "app")},
		{"RDS", "endpoint", `the port "5432/?Action=x" is not a number from 1 to 65535`, rdsSource(ok, "db:5432/?Action=x", "app")},
		{"RDS", "endpoint", `"a@db" is not a host name`, rdsSource(ok, "a@db:5432", "app")},
		{"RDS", "endpoint", `"https://db:5432": want a host and a port, such as "db.example.com:5432"`, rdsSource(ok, "https://db:5432", "app")},
		{"RDS", "user", `is empty`, rdsSource(ok, rdsHost, "")},
		{"RDS", "user", `"a\nb" contains a control character or is not UTF-8`, rdsSource(ok, rdsHost, "a\nb")},
		{"RDS", "user", `"\xff" contains a control character or is not UTF-8`, rdsSource(ok, rdsHost, "\xff")},
		{"RDS", "user", `has more than 128 bytes`, rdsSource(ok, rdsHost, strings.Repeat("a", 129))},
		{"RDS", "cfg", `the region is "eu-central-1", and the host is in "us-east-1"`, rdsSource(ok, "db.abc.us-east-1.rds.amazonaws.com:5432", "app")},
		{"RDS", "cfg", "has no credentials", rdsSource(none, rdsHost, "app")},
		{"RDS", "cfg", "has no credentials", rdsSource(anonymous, rdsHost, "app")},
		{"RDS", "cfg", "has no region", rdsSource(nowhere, "my-db:5432", "app")},
		{"RDS", "cfg", "has no region", rdsSource(nowhere, "eu-central-1.rds.example.com:5432", "app")},
		{"DSQL", "cfg", "has no region", func() (*authtoken.Source, error) { return authtoken.DSQL(nowhere, "abc", "app") }},
		{"DSQL", "endpoint", `"abc:5432" is not a host name`, func() (*authtoken.Source, error) { return authtoken.DSQL(ok, "abc:5432", "app") }},
		{"DSQL", "endpoint", `the host has more than 253 bytes`, func() (*authtoken.Source, error) { return authtoken.DSQL(ok, strings.Repeat("a", 254), "app") }},
		{"DSQL", "user", "is empty", func() (*authtoken.Source, error) { return authtoken.DSQL(ok, "abc", "") }},
		{"DSQL", "cfg", `the region is "eu-central-1", and the host is in "us-east-1"`, func() (*authtoken.Source, error) { return authtoken.DSQL(ok, "abc.dsql.us-east-1.on.aws", "app") }},
		{"ElastiCache", "group", `"a.cache.amazonaws.com": want 1 to 40 letters, digits and -, the name without a domain`, func() (*authtoken.Source, error) { return authtoken.ElastiCache(ok, "a.cache.amazonaws.com", "app") }},
		{"ElastiCacheServerless", "name", `"": want 1 to 40 letters, digits and -, the name without a domain`, func() (*authtoken.Source, error) { return authtoken.ElastiCacheServerless(ok, "", "app") }},
		{"MemoryDB", "cluster", `"a/b": want 1 to 40 letters, digits and -, the name without a domain`, func() (*authtoken.Source, error) { return authtoken.MemoryDB(ok, "a/b", "app") }},
		{"MemoryDB", "user", `is empty`, func() (*authtoken.Source, error) { return authtoken.MemoryDB(ok, "a", "") }},
		{"EKS", "cluster", `"a b": want 1 to 100 letters, digits, - and _`, func() (*authtoken.Source, error) { return authtoken.EKS(ok, "a b") }},
		{"EKS", "cluster", `"": want 1 to 100 letters, digits, - and _`, func() (*authtoken.Source, error) { return authtoken.EKS(ok, "") }},
		{"EKS", "cfg", "has no region", func() (*authtoken.Source, error) { return authtoken.EKS(nowhere, "a") }},
	}
	for _, tt := range tests {
		s, err := tt.source()
		e, ok := errors.AsType[*authtoken.OptionError](err)
		if s != nil || !ok || e.Func != tt.fn || e.Option != tt.option || e.Err.Error() != tt.reason {
			t.Errorf("%s = %v, %v, want an OptionError with %s: %s", tt.fn, s, err, tt.option, tt.reason)
		}
	}
}

func rdsSource(cfg aws.Config, endpoint, user string) func() (*authtoken.Source, error) {
	return func() (*authtoken.Source, error) { return authtoken.RDS(cfg, endpoint, user) }
}

func TestEndpointsThatRDSAccepts(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{
		rdsHost, "127.0.0.1:5432", "[::1]:5432", "localhost:3306", "my_db:5432",
		"p.proxy-abc.eu-central-1.rds.amazonaws.com:5432", "db.abc.rds.cn-north-1.amazonaws.com.cn:5432",
	} {
		cfg := config(static())
		if strings.Contains(endpoint, "cn-north-1") {
			cfg.Region = "cn-north-1"
		}
		s, err := authtoken.RDS(cfg, endpoint, "app")
		if err != nil {
			t.Errorf("RDS(%q): %v", endpoint, err)
			continue
		}
		if host, _ := query(t, token(t, s).Raw()); host != endpoint {
			t.Errorf("RDS(%q): the host is %q", endpoint, host)
		}
	}
}

// A configuration without a region uses the one that the host names.
func TestRegionOfTheHost(t *testing.T) {
	t.Parallel()
	cfg := aws.Config{Credentials: static()}
	for endpoint, region := range map[string]string{
		"db.abc.eu-central-1.rds.amazonaws.com:5432":              "eu-central-1",
		"DB.ABC.EU-CENTRAL-1.RDS.AMAZONAWS.COM:5432":              "eu-central-1",
		"p.proxy-abc.us-gov-west-1.rds.amazonaws.com:3306":        "us-gov-west-1",
		"db.abc.rds.cn-north-1.amazonaws.com.cn:5432":             "cn-north-1",
		"db.cluster-abc.cn-northwest-1.rds.amazonaws.com.cn:5432": "cn-northwest-1",
		"db.abc.eusc-de-east-1.rds.amazonaws.eu:5432":             "eusc-de-east-1",
	} {
		s, err := authtoken.RDS(cfg, endpoint, "app")
		if err != nil {
			t.Errorf("RDS(%q): %v", endpoint, err)
			continue
		}
		checkScope(t, endpoint, token(t, s), region, "rds-db")
	}
	s, err := authtoken.DSQL(cfg, "abc.dsql.eu-central-1.on.aws", "app")
	if err != nil {
		t.Fatal(err)
	}
	checkScope(t, "DSQL", token(t, s), "eu-central-1", "dsql")
}

// checkScope checks the region and the service in the signature of a token.
func checkScope(t *testing.T, endpoint string, tok authtoken.Token, region, service string) {
	t.Helper()
	_, params := query(t, tok.Raw())
	if got, want := params.Get("X-Amz-Credential"), "/"+region+"/"+service+"/aws4_request"; !strings.HasSuffix(got, want) {
		t.Errorf("%s: the credential is %q, want the end %q", endpoint, got, want)
	}
}
