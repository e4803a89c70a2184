"""Posts, service, activities and a member's record of them over HTTP, on a real service."""
