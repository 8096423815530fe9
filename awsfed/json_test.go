package awsfed_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/awsfed"
)

// The names of all members of the JSON are promised, so this test must not change except for new
// ones.
func TestJSONIsStable(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	full := awsfed.Status{
		RoleARN: roleARN, Options: `SessionName="ci"`,
		AccessKeyID: "ASIA1", AccountID: account, AssumedRoleARN: "arn:aws:sts::123456789012:assumed-role/deploy/ci", RequestID: "r1",
		TokenSource: "file", Issuer: "https://app.gitpod.io", Audience: "sts.amazonaws.com", Subject: "org:x",
		ProviderARN: "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io", SourceIdentity: "me", SessionTokenSize: 1000, PackedPolicySize: 5,
		Valid: true, Obtained: at, RefreshAt: at.Add(45 * time.Minute), Expires: at.Add(time.Hour), ClockSkew: 90 * time.Second,
		Refreshing: true, Failures: 2, FailingSince: at, RetryAt: at, Err: &awsfed.AssumeRoleError{RoleARN: roleARN, Err: errors.New("no")},
	}
	const members = `"role_arn":"arn:aws:iam::123456789012:role/deploy","options":"SessionName=\"ci\"","access_key_id":"ASIA1","account_id":"123456789012",` +
		`"assumed_role_arn":"arn:aws:sts::123456789012:assumed-role/deploy/ci","request_id":%q,"token_source":"file","issuer":"https://app.gitpod.io",` +
		`"audience":"sts.amazonaws.com","subject":"org:x","provider_arn":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io","source_identity":"me",` +
		`"session_token_size":1000,"packed_policy_size":5,"valid":true,"obtained":"2027-01-02T03:04:05Z","refresh_at":"2027-01-02T03:49:05Z",` +
		`"expires":"2027-01-02T04:04:05Z","clock_skew":"1m30s","refreshing":true,"failures":2,"failing_since":"2027-01-02T03:04:05Z",` +
		`"retry_at":"2027-01-02T03:04:05Z","error":"awsfed: assuming role \"arn:aws:iam::123456789012:role/deploy\": no"`
	for name, tt := range map[string]struct {
		value any
		want  string
	}{
		"a status":        {full, "{" + fmt.Sprintf(members, "r1") + "}"},
		"an empty status": {awsfed.Status{}, `{"role_arn":"","valid":false,"refreshing":false,"failures":0}`},
		"an event": {
			awsfed.RefreshEvent{Status: full, RequestID: "r2", Retryable: true, Remaining: time.Hour, Began: at, Ended: at},
			"{" + fmt.Sprintf(members, "r2") + `,"retryable":true,"began":"2027-01-02T03:04:05Z","ended":"2027-01-02T03:04:05Z","remaining":"1h0m0s"}`,
		},
		"any error": {awsfed.Status{Err: errors.New("no")}, `{"role_arn":"","valid":false,"refreshing":false,"failures":0,"error":"no"}`},
		"an event with any error": {
			awsfed.RefreshEvent{Status: awsfed.Status{Err: errors.New("no")}},
			`{"role_arn":"","valid":false,"refreshing":false,"failures":0,"retryable":false,"error":"no"}`,
		},
		"an empty event": {awsfed.RefreshEvent{}, `{"role_arn":"","valid":false,"refreshing":false,"failures":0,"retryable":false}`},
	} {
		data, err := json.Marshal(tt.value)
		if err != nil {
			t.Fatal(err)
		}
		var got, want map[string]any
		if err := errors.Join(json.Unmarshal(data, &got), json.Unmarshal([]byte(tt.want), &want)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s in JSON (-want +got):\n%s", name, diff)
		}
	}
}

func ExampleStatus_MarshalJSON() {
	p, err := awsfed.New(exampleSTS, "arn:aws:iam::123456789012:role/deploy", exampleSource, func(o *awsfed.Options) { o.SessionName = "ci" })
	if err != nil {
		log.Fatal(err)
	}
	data, err := json.Marshal(p.Status())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(data))
	// Output: {"role_arn":"arn:aws:iam::123456789012:role/deploy","options":"SessionName=\"ci\"","valid":false,"refreshing":false,"failures":0}
}
