"""The model beside real back-testing libraries; they live in an environment of their own (`make peers`)."""
