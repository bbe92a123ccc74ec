# %% [markdown]
"""
# Jacobians

Text.
"""

# %%
print("jacobians")
