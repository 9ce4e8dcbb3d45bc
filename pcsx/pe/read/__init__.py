"""From the document to the working set: nodes, resources, histories, constraints."""
