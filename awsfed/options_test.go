package awsfed_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/onafed/onafed/awsfed"
)

// refusedRoles are role ARNs that New, LoadConfig and Pool.Provider refuse, with a part of the
// reason.
var refusedRoles = map[string]string{
	"":                                                            "is empty",
	" " + roleARN:                                                 "white space",
	roleARN + "\n":                                                "white space",
	roleARN + "\r\n":                                              "white space",
	roleARN + "\u00a0":                                            "white space",
	"arn:aws:iam::123456789012:role/":                             "not the ARN of a role",
	"arn:aws:iam::123456789012:role/team/":                        "not the ARN of a role",
	"arn:aws:iam::123456789012:role":                              "not the ARN of a role",
	"arn:aws:iam::123456789012:deploy":                            "not the ARN of a role",
	"arn:aws:iam::123456789012:role/a b":                          "not the ARN of a role",
	"arn:aws:iam::123456789012:role/a\x00b":                       "not the ARN of a role",
	"arn:aws:iam::123456789012:role/äb":                           "not the ARN of a role",
	"arn::iam::123456789012:role/a":                               "not the ARN of a role",
	"deploy":                                                      "not the ARN of a role",
	"arn:aws:sts::123456789012:assumed-role/a/b":                  "not the ARN of a role",
	"arn:aws:iam::123456789012:role/a*":                           "only the characters",
	"arn:aws:iam::12345678901:role/a":                             `"12345678901" does not have 12 digits`,
	"arn:aws:iam::1234567890123:role/a":                           "does not have 12 digits",
	"arn:aws:iam::1234-5678-9012:role/a":                          "does not have 12 digits",
	"arn:aws:iam::<account>:role/a":                               "does not have 12 digits",
	"arn:aws:iam::${ACCOUNT}:role/a":                              "does not have 12 digits",
	"arn:aws-cn:iam::1:role/a":                                    "does not have 12 digits",
	"arn:aws-cn:iam::tenant_1:role/a":                             "does not have 12 digits", // Ceph has only the partition aws
	"arn:aws-us-gov:iam:::role/a":                                 "does not have 12 digits",
	"arn:aws:iam::123456789012:role/" + strings.Repeat("a", 65):   "has 65 characters",
	"arn:aws:iam:us-east-1:123456789012:role/a":                   "has a region",
	"arn:aws:iam::123456789012:role/" + strings.Repeat("a", 2048): "2048",
}

// acceptedRoles are role ARNs of AWS and of other servers.
var acceptedRoles = []string{
	roleARN,
	"arn:aws:iam::123456789012:role/path/to/deploy",
	"arn:aws:iam::123456789012:role/a+=,.@-_Z9",
	"arn:aws:iam::123456789012:role/" + strings.Repeat("path/", 20) + strings.Repeat("a", 64),
	"arn:aws-eusc:iam::123456789012:role/x",
	"arn:aws-us-gov:iam::123456789012:role/x",
	"arn:aws-moon:iam::123456789012:role/x",
	"arn:minio:iam:::role/abc",                         // MinIO
	"arn:x:iam:::role/dummy-internal",                  // any partition
	"arn:aws:iam:::role/application_abc/component_xyz", // Ceph without a tenant
	"arn:aws:iam::123456789012:role/" + strings.Repeat("p", 2048-len(roleARN)) + "/" + strings.Repeat("a", 5),
	"arn:aws:iam::az_09_AZ:role/x",                    // Ceph: all that the name of a tenant may have
	"arn:aws:iam::tenant_1:role/S3Access",             // Ceph with a tenant
	"arn:aws:iam::RGW11111111111111111:role/S3Access", // Ceph with an account
}

func TestRoleARN(t *testing.T) {
	t.Parallel()
	src := &mintery{tb: t}
	constructors := map[string]func(arn string) error{
		"New": func(arn string) error {
			_, err := awsfed.New(newService(), arn, src)
			return err
		},
		"Pool.Provider": func(arn string) error {
			_, err := awsfed.NewPool(newService(), src).Provider(arn)
			return err
		},
		"LoadConfig": func(arn string) error {
			_, err := awsfed.LoadConfig(t.Context(), arn, src, func(o *awsfed.LoadOptions) {
				o.Config.Region = "eu-central-1"
				o.Config.SharedConfigFiles, o.Config.SharedCredentialsFiles = []string{}, []string{}
			})
			return err
		},
	}
	for name, construct := range constructors {
		for arn, want := range refusedRoles {
			err := construct(arn)
			var e *awsfed.OptionError
			if !errors.As(err, &e) || e.Func != name || e.Option != "roleARN" || !strings.Contains(err.Error(), want) || len(err.Error()) > 300 {
				t.Errorf("%s(%q) = %v, want an OptionError with %q", name, arn, err, want)
			}
		}
		for _, arn := range acceptedRoles {
			if err := construct(arn); err != nil {
				t.Errorf("%s(%q) = %v, want no error", name, arn, err)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	const policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	object := func(n int) string { return `{"a":"` + strings.Repeat("x", n-len(`{"a":""}`)) + `"}` }
	type set = func(*awsfed.Options)
	for name, tt := range map[string]struct {
		set    set
		option string // "" if the options are accepted
	}{
		"15 minutes":                   {func(o *awsfed.Options) { o.Duration = 15 * time.Minute }, ""},
		"12 hours":                     {func(o *awsfed.Options) { o.Duration = 12 * time.Hour }, ""},
		"a second below 15 minutes":    {func(o *awsfed.Options) { o.Duration = 15*time.Minute - time.Second }, "Duration"},
		"a second above 12 hours":      {func(o *awsfed.Options) { o.Duration = 12*time.Hour + time.Second }, "Duration"},
		"a part of a second":           {func(o *awsfed.Options) { o.Duration = time.Hour + time.Millisecond }, "Duration"},
		"a number without a unit":      {func(o *awsfed.Options) { o.Duration = 3600 }, "Duration"},
		"a negative duration":          {func(o *awsfed.Options) { o.Duration = -time.Hour }, "Duration"},
		"a second, any":                {func(o *awsfed.Options) { o.Duration, o.AnyDuration = time.Second, true }, ""},
		"a week, any":                  {func(o *awsfed.Options) { o.Duration, o.AnyDuration = 7*24*time.Hour, true }, ""},
		"a part of a second, any":      {func(o *awsfed.Options) { o.Duration, o.AnyDuration = time.Millisecond, true }, "Duration"},
		"a negative duration, any":     {func(o *awsfed.Options) { o.Duration, o.AnyDuration = -time.Hour, true }, "Duration"},
		"a century, any":               {func(o *awsfed.Options) { o.Duration, o.AnyDuration = 100*365*24*time.Hour, true }, "Duration"},
		"a policy":                     {func(o *awsfed.Options) { o.Policy = ` {"Version":"2012-10-17","Statement":[]}` + "\n" }, ""},
		"a policy of 2048":             {func(o *awsfed.Options) { o.Policy = object(2048) }, ""},
		"a policy of 2049":             {func(o *awsfed.Options) { o.Policy = object(2049) }, "Policy"},
		"2048 characters in UTF-8":     {func(o *awsfed.Options) { o.Policy = strings.ReplaceAll(object(2048), "x", "é") }, ""},
		"a dash from a text editor":    {func(o *awsfed.Options) { o.Policy = `{"Sid":"a–b"}` }, "Policy"},
		"invalid UTF-8":                {func(o *awsfed.Options) { o.Policy = "{\"Sid\":\"\xff\"}" }, "Policy"},
		"an array":                     {func(o *awsfed.Options) { o.Policy = "[]" }, "Policy"},
		"a string":                     {func(o *awsfed.Options) { o.Policy = `"{}"` }, "Policy"},
		"half a policy":                {func(o *awsfed.Options) { o.Policy = `{"Version":` }, "Policy"},
		"two policies":                 {func(o *awsfed.Options) { o.Policy = `{}{}` }, "Policy"},
		"the name of a file":           {func(o *awsfed.Options) { o.Policy = "policy.json" }, "Policy"},
		"white space":                  {func(o *awsfed.Options) { o.Policy = " " }, "Policy"},
		"10 policies":                  {func(o *awsfed.Options) { o.PolicyARNs = slices.Repeat([]string{policy}, 10) }, ""},
		"11 policies":                  {func(o *awsfed.Options) { o.PolicyARNs = slices.Repeat([]string{policy}, 11) }, "PolicyARNs"},
		"a policy of a path":           {func(o *awsfed.Options) { o.PolicyARNs = []string{"arn:aws:iam::123456789012:policy/team/x"} }, ""},
		"an empty policy ARN":          {func(o *awsfed.Options) { o.PolicyARNs = []string{policy, ""} }, "PolicyARNs"},
		"the name of a policy":         {func(o *awsfed.Options) { o.PolicyARNs = []string{"ReadOnlyAccess"} }, "PolicyARNs"},
		"a role in place of a policy":  {func(o *awsfed.Options) { o.PolicyARNs = []string{roleARN} }, "PolicyARNs"},
		"a policy without a name":      {func(o *awsfed.Options) { o.PolicyARNs = []string{"arn:aws:iam::aws:policy/"} }, "PolicyARNs"},
		"a policy of 4 digits":         {func(o *awsfed.Options) { o.PolicyARNs = []string{"arn:aws:iam::1234:policy/x"} }, "PolicyARNs"},
		"a policy of no account":       {func(o *awsfed.Options) { o.PolicyARNs = []string{"arn:aws-cn:iam:::policy/x"} }, "PolicyARNs"},
		"a policy with a wildcard":     {func(o *awsfed.Options) { o.PolicyARNs = []string{"arn:aws:iam::aws:policy/Read*"} }, "PolicyARNs"},
		"a policy of another server":   {func(o *awsfed.Options) { o.PolicyARNs = []string{"arn:minio:iam:::policy/x"} }, ""},
		"a policy ARN with a newline":  {func(o *awsfed.Options) { o.PolicyARNs = []string{policy + "\n"} }, "PolicyARNs"},
		"the account of the role":      {func(o *awsfed.Options) { o.ExpectedAccount = account }, ""},
		"another account":              {func(o *awsfed.Options) { o.ExpectedAccount = "999999999999" }, "ExpectedAccount"},
		"an account of 11 digits":      {func(o *awsfed.Options) { o.ExpectedAccount = account[1:] }, "ExpectedAccount"},
		"an account with hyphens":      {func(o *awsfed.Options) { o.ExpectedAccount = "1234-5678-9012" }, "ExpectedAccount"},
		"an account with a newline":    {func(o *awsfed.Options) { o.ExpectedAccount = account + "\n" }, "ExpectedAccount"},
		"a session name with a slash":  {func(o *awsfed.Options) { o.SessionName = "a/b" }, "SessionName"},
		"a session name and a newline": {func(o *awsfed.Options) { o.SessionName = "ab\n" }, "SessionName"},
	} {
		_, err := awsfed.New(newService(), roleARN, &mintery{tb: t}, tt.set)
		_, poolErr := awsfed.NewPool(newService(), &mintery{tb: t}, func(o *awsfed.PoolOptions) { tt.set(&o.Options) }).Provider(roleARN)
		for fn, err := range map[string]error{"New": err, "Pool.Provider": poolErr} {
			var e *awsfed.OptionError
			if errors.As(err, &e); (err == nil) != (tt.option == "") || err != nil && (e == nil || e.Option != tt.option || e.Func != fn) {
				t.Errorf("%s: %s = %v, want an error about %q", name, fn, err, tt.option)
			}
		}
	}
}

// A client that cannot send a request is refused when the provider is created, not by its refresh.
func TestClientSendsRequests(t *testing.T) {
	t.Parallel()
	endpoint := func(o *sts.Options) { o.BaseEndpoint = aws.String("https://minio:9000") }
	for name, tt := range map[string]struct {
		client *sts.Client
		ok     bool
	}{
		"nil":                            {nil, false},
		"without a region":               {sts.New(sts.Options{}), false},
		"with a region":                  {sts.New(sts.Options{Region: "eu-central-1"}), true},
		"with an endpoint and no region": {sts.New(sts.Options{}, endpoint), true},
	} {
		_, err := awsfed.New(tt.client, roleARN, &mintery{tb: t})
		_, poolErr := awsfed.NewPool(tt.client, &mintery{tb: t}).Provider(roleARN)
		for _, err := range []error{err, poolErr} {
			e, _ := errors.AsType[*awsfed.OptionError](err)
			if (err == nil) != tt.ok || !tt.ok && (e == nil || e.Option != "client") {
				t.Errorf("a client %s: %v, want ok %v", name, err, tt.ok)
			}
		}
	}
}

// A client that would send tokens over http to another host is refused, wherever it is given.
func TestClientRequiresEncryption(t *testing.T) {
	t.Parallel()
	src := &mintery{tb: t}
	for endpoint, ok := range map[string]bool{
		"http://sts.internal:8080": false, "http://10.0.0.1": false, "http://0.0.0.0:9000": false, "http://minio:9000": false,
		"http://127.0.0.1:9000": true, "http://[::1]:9000": true, "http://localhost:9000": true, "https://minio:9000": true,
	} {
		client := sts.New(sts.Options{Region: "eu-central-1", BaseEndpoint: aws.String(endpoint)})
		insecure := func(o *awsfed.Options) { o.InsecureHTTP = true }
		_, err := awsfed.New(client, roleARN, src)
		pool := awsfed.NewPool(client, src)
		_, poolErr := pool.Provider(roleARN)
		for _, err := range []error{err, poolErr} {
			var e *awsfed.OptionError
			if errors.As(err, &e); (err == nil) != ok || err != nil && (e == nil || e.Option != "client" || !strings.Contains(err.Error(), "InsecureHTTP")) {
				t.Errorf("with %s: %v, want ok %v", endpoint, err, ok)
			}
		}
		_, err = awsfed.New(client, roleARN, src, insecure)
		_, poolErr = pool.Provider(roleARN, insecure)
		if err != nil || poolErr != nil {
			t.Errorf("with %s and InsecureHTTP: %v, %v", endpoint, err, poolErr)
		}
	}
	if src.count() > 0 {
		t.Error("a token was fetched")
	}
}

// A client whose endpoint changes later does not send a token there either.
func TestTokensStayOnEncryptedConnections(t *testing.T) {
	t.Parallel()
	s := newService()
	transport := overHTTP(s)
	rec := &recorder{next: transport}
	client := sts.New(sts.Options{Region: "eu-central-1", HTTPClient: rec})
	redirected := clientFunc(func(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		return client.AssumeRoleWithWebIdentity(ctx, in, append(optFns, func(o *sts.Options) { o.BaseEndpoint = aws.String("http://sts.internal") })...)
	})
	p, err := awsfed.New(redirected, roleARN, &mintery{tb: t})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Retrieve(t.Context())
	e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
	if !ok || e.Retryable() || !strings.Contains(e.Error(), "without encryption") || !strings.Contains(e.NextStep(), "InsecureHTTP") {
		t.Errorf("Retrieve = %v, want an error that is not retryable", err)
	}
	if len(rec.hosts) > 0 {
		t.Errorf("requests were sent to %v", rec.hosts)
	}
	if p, err = awsfed.New(redirected, roleARN, &mintery{tb: t}, func(o *awsfed.Options) { o.InsecureHTTP = true }); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Retrieve(t.Context()); err != nil || !slices.Equal(rec.hosts, []string{"http://sts.internal"}) {
		t.Errorf("with InsecureHTTP: Retrieve = %v, requests to %v", err, rec.hosts)
	}
}

// New accepts a client whose endpoint cannot be determined before a request.
func TestNewWithAnEndpointThatFails(t *testing.T) {
	t.Parallel()
	for rule, o := range map[string]sts.Options{
		"a region":   {Region: "eu-central-1"},
		"a base URL": {BaseEndpoint: aws.String("https://sts.example")},
	} {
		o.EndpointResolverV2 = failingResolver{}
		if _, err := awsfed.New(sts.New(o), roleARN, &mintery{tb: t}); err != nil {
			t.Errorf("New with %s: %v", rule, err)
		}
	}
	if _, err := awsfed.New(sts.New(sts.Options{EndpointResolverV2: failingResolver{}}), roleARN, &mintery{tb: t}); err == nil || !strings.Contains(err.Error(), "has no region") {
		t.Errorf("New without a region = %v", err)
	}
}

type failingResolver struct{}

func (failingResolver) ResolveEndpoint(context.Context, sts.EndpointParameters) (smithyendpoints.Endpoint, error) {
	return smithyendpoints.Endpoint{}, errors.New("no endpoint yet")
}

// The largest duration and the last character of a policy are accepted.
func TestOptionsUpToTheLimits(t *testing.T) {
	t.Parallel()
	for rule, set := range map[string]func(*awsfed.Options){
		"a duration":  func(o *awsfed.Options) { o.AnyDuration, o.Duration = true, math.MaxInt32*time.Second },
		"a character": func(o *awsfed.Options) { o.Policy = "{\"a\":\"\u00ff\"}" },
	} {
		if _, err := awsfed.New(newService(), roleARN, &mintery{tb: t}, set); err != nil {
			t.Errorf("%s: New = %v", rule, err)
		}
	}
}
