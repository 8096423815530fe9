// Command gosdk uses aws-sdk-go-v2 with its defaults. It calls GetCallerIdentity of STS, CALLS
// times with a pause of PAUSE seconds, and prints the answer or the error's code.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

func main() {
	ctx := context.Background()
	calls, _ := strconv.Atoi(os.Getenv("CALLS"))
	pause, _ := time.ParseDuration(os.Getenv("PAUSE") + "s")
	out := json.NewEncoder(os.Stdout)
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		out.Encode(map[string]string{"error": err.Error()}) //nolint:errcheck // the program ends anyway
		os.Exit(1)
	}
	client := sts.NewFromConfig(cfg)
	for i := range calls {
		if i > 0 {
			time.Sleep(pause)
		}
		line := map[string]string{}
		identity, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		var api smithy.APIError
		switch {
		case errors.As(err, &api):
			line["error"] = api.ErrorCode()
		case err != nil:
			line["error"] = err.Error()
		default:
			line["arn"] = *identity.Arn
		}
		if err := out.Encode(line); err != nil {
			os.Exit(1)
		}
	}
}
