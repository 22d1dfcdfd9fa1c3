package probe

import "context"

func (r *runner) edges(ctx context.Context, targets []Target) {}
